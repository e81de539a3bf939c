Feature: Whatever goes wrong, nobody pays twice and nobody pays in vain

  Background:
    Given the sale "Autumn" from 12:00 to 12:15 holding prices for 30 minutes

  Scenario: Stripe's news comes an hour late
    Given Stripe's news arrive an hour late
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:14
    And Ada approves at the bank at 12:16
    Then the order is waiting for the bank
    When it is 13:13:59
    Then the order is waiting for the bank
    When it is 13:14
    Then the order is paid at 9.90 EUR
    And one mail is sent

  Scenario: The news comes an hour late, and the shop has asked by itself before
    Given Stripe's news arrive an hour late
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:14
    And Ada approves at the bank at 12:16
    And the shop settles its open orders at 12:17
    Then the order is paid at 9.90 EUR
    When 2 hours pass
    Then the order is paid at 9.90 EUR
    And one mail is sent

  Scenario: Stripe's news never comes
    Given Stripe's news never arrive
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:14
    And Ada approves at the bank at 12:16
    And the shop settles its open orders at 12:18
    Then the order is paid at 9.90 EUR

  Scenario: Stripe's news never comes, and the shopper looks at the order
    Given Stripe's news never arrive
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:14
    And Ada approves at the bank at 12:16
    And one hour passes
    Then Ada's order is waiting for the bank
    When Ada opens the order
    Then Ada's order is paid at 9.90 EUR

  Scenario: Stripe's news comes twice
    Given Stripe's news arrive twice
    When Ada opens the sale page at 12:10
    And Ada pays at 12:14
    Then the order is paid at 9.90 EUR
    And one mail is sent

  Scenario: Stripe's news comes in the wrong order
    Given Stripe's news arrive in the wrong order
    When Ada opens the sale page at 12:10
    And Ada pays with a card that is declined at 12:14
    And Ada pays with another card that works at 12:16
    Then the order is paid at 9.90 EUR
    And there is one order
    And one mail is sent

  Scenario: Stripe charges, and its answer never comes
    Given Stripe times out after charging
    And Stripe's news never arrive
    When Ada opens the sale page at 12:10
    And Ada pays, and the answer is lost at 12:14
    Then the order is not paid yet
    When the shop settles its open orders at 12:15
    Then the order is paid at 9.90 EUR

  Scenario: The connection breaks after the charge, the server restarts, and the form is sent again
    Given the connection breaks after Stripe has charged
    And Stripe's news never arrive
    When Ada opens the sale page at 12:10
    And Ada pays, and the answer is lost at 12:14
    And the server restarts
    And Ada sends the same form again at 12:20
    Then the order is paid at 9.90 EUR
    And there is one order

  Scenario: Stripe fails before it charges, and the same form pays once
    Given Stripe fails before charging
    When Ada opens the sale page at 12:10
    And Ada pays, and the answer is lost at 12:14
    Then the order is not paid yet
    And nothing is charged
    When Ada sends the same form again at 12:16
    Then the order is paid at 9.90 EUR

  Scenario: The answer is lost on its way to the browser
    When Ada opens the sale page at 12:10
    And Ada pays, and the answer is lost at 12:39
    And Ada sends the same form again 10 minutes later
    Then the order is paid at 9.90 EUR
    And there is one order
    And one mail is sent

  Scenario: Stripe is away, and nothing is claimed
    Given Stripe does not answer
    When Ada opens the sale page at 12:10
    And Ada adds the mug
    And Ada pays at 12:11
    Then Ada reads "The payment service does not answer."
    And no order is placed
    And 100 mugs are left
    When Stripe is back
    And Ada pays at 12:20
    Then the order is paid at 9.90 EUR

  Scenario: A second click finds the order of the first
    When Ada opens the sale page at 12:10
    And Ada pays at 12:14
    And Ada sends the same form again
    Then the order is paid at 9.90 EUR
    And there is one order

  Scenario: A server that restarts forgets no promise
    When Ada opens the sale page at 12:14:59
    And the server restarts
    And Ada adds the mug at 12:20
    And the server restarts
    And Ada pays at 12:44:58
    Then the order is paid at 9.90 EUR

  Scenario: Stripe is away when an order lapses, and its unit stays taken
    Given the sale "Winter" from 14:00 to 14:15 holding prices for 30 minutes
      | deal  | price    | stock |
      | scarf | 9.90 EUR | 1     |
    When Ada opens the sale page at 14:01
    And Bob opens the sale page at 14:01
    And Ada pays with a card that is declined at 14:02
    And Stripe does not answer
    And the shop settles its open orders at 14:12
    And Bob adds the scarf
    Then the offer is refused: sold out
    And Ada's order is not paid yet
    And no scarves are left
    When Stripe is back
    And the shop settles its open orders at 14:13
    Then Ada's order is expired
    And 1 scarf is left
