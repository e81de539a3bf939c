Feature: Paying, declined, and at the bank
  An order keeps what it claimed for ten minutes. Within them another card goes to the same
  order, even where the hold has ended and the sale is closed.

  Background:
    Given the sale "Autumn" from 12:00 to 12:15 holding prices for 10 minutes

  Scenario: One order, one charge, one receipt
    When Ada opens the sale page at 12:01
    And Ada adds 3 mugs
    And Ada pays at 12:05
    Then the order is paid at 29.70 EUR
    And one mail is sent
    And Ada gets a receipt over 29.70 EUR
    And 97 mugs are left
    And 3 mugs are claimed
    And the bag is empty

  Scenario: Declined before the close, paid with another card after the hold has ended
    When Ada opens the sale page at 12:14:59
    And Ada pays with a card that is declined at 12:24:58
    Then the order is not paid yet at 9.90 EUR
    And Ada reads "declined"
    When Ada pays with another card that works at 12:30
    Then the order is paid at 9.90 EUR
    And there is one order
    And Stripe has charged 9.90 EUR

  Scenario: Declined, and another card in the last second before the order lapses
    When Ada opens the sale page at 12:14
    And Ada pays with a card without funds at 12:20
    Then the order lapses at 12:30
    When Ada pays with another card that works one second before the order lapses
    Then the order is paid at 9.90 EUR

  Scenario: Declined, left alone, and lapsed to the second
    When Ada opens the sale page at 12:14
    And Ada pays with a card that is declined at 12:15
    And the shop settles its open orders one second before the order lapses
    Then the order is not paid yet
    And 99 mugs are left
    When the shop settles its open orders when the order lapses
    Then the order is expired
    And 100 mugs are left
    And nothing is charged
    And no mails are sent

  Scenario: A lapsed order gives its price back, while that is held
    Given the sale "Winter" from 14:00 to 14:15 holding prices for 30 minutes
    When Ada opens the sale page at 14:01
    And Ada pays with an expired card at 14:02
    And the shop settles its open orders at 14:12
    Then the order is expired
    When Ada pays at 14:20
    Then the order is paid at 9.90 EUR
    And there are 2 orders
    And Stripe has charged 9.90 EUR

  Scenario: The bank asks before the close and is answered after it
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:14:50
    Then the order is waiting for the bank at 9.90 EUR
    And nothing is charged
    When Ada approves at the bank at 12:16
    And Ada comes back from the bank at 12:17
    Then the order is paid at 9.90 EUR
    And Ada reads "It is yours."

  Scenario: The bank is answered after the hold has ended
    When Ada opens the sale page at 12:14:59
    And Ada pays with a card that asks the bank one second before the hold ends
    And Ada approves at the bank 5 minutes later
    And Ada comes back from the bank
    Then the order is paid at 9.90 EUR

  Scenario: The shopper never comes back from the bank, and Stripe tells
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:14
    And Ada approves at the bank at 12:16
    Then the order is paid at 9.90 EUR
    And one mail is sent

  Scenario: The bank says no, and another card is taken
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:14
    And Ada fails at the bank at 12:16
    And Ada comes back from the bank
    Then the order is not paid yet
    And Ada reads "Your bank did not approve the payment."
    When Ada pays at 12:20
    Then the order is paid at 9.90 EUR
    And there is one order

  Scenario: The bank says yes, and the card is declined then
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank and is declined then at 12:14
    And Ada approves at the bank at 12:15
    And Ada comes back from the bank
    Then the order is not paid yet
    And nothing is charged

  Scenario: An order that is canceled at the bank's door gives its price back
    When Ada opens the sale page at 12:10
    And Ada pays with a card that asks the bank at 12:11
    And Ada cancels the order at 12:12
    Then the order is canceled
    And 100 mugs are left
    When Ada opens the bag at 12:13
    Then the offer is honored
    And Ada's bag holds 1 mug at 9.90 EUR

  Scenario: Part of an order is refunded, and what came back is on sale again
    When Ada opens the sale page at 12:01
    And Ada adds 3 mugs
    And Ada pays at 12:05
    And the merchant refunds 2 mugs, because "They were chipped." at 15:00 3 days later
    Then the order is partly refunded
    And Stripe has given back 19.80 EUR
    And 99 mugs are left
    And 2 mails are sent

  Scenario: The last one is somebody else's when its order has lapsed
    Given the sale "Last One" from 14:00 to 14:15 holding prices for 30 minutes
      | deal | price     | stock |
      | lamp | 19.00 EUR | 1     |
    When Ada opens the sale page at 14:01
    And Bob opens the sale page at 14:01
    And Ada adds the lamp
    And Bob adds the lamp
    And Ada pays with a card that is declined at 14:05
    And Bob pays at 14:14:59
    Then the offer is refused: sold out
    When Bob pays when the order lapses
    Then Bob's order is paid at 19.00 EUR
    And one lamp is claimed

  Scenario Outline: Money has as many decimals as its currency
    Given the sale "Abroad" from 14:00 to 14:15 holding prices for 30 minutes
      | deal | price   |
      | fan  | <price> |
    When Ada opens the sale page at 14:01
    And Ada adds 2 fans
    And Ada pays at 14:20
    Then the order is paid at <total>

    Examples:
      | price     | total     |
      | 500 JPY   | 1000 JPY  |
      | 1.230 KWD | 2.460 KWD |
      | 4.99 USD  | 9.98 USD  |

  Scenario: A size is bought from its own stock
    Given the sale "Shirts" from 14:00 to 14:15 holding prices for 30 minutes
      | deal | price    | sizes   | stock |
      | tee  | 8.00 EUR | S, M, L | 1     |
    When Ada opens the sale page at 14:01
    And Bob opens the sale page at 14:01
    And Ada adds a tee in size M
    And Ada pays at 14:05
    And Bob adds a tee in size M
    Then the offer is refused: sold out
    When Bob adds a tee in size L
    And Bob pays at 14:10
    Then Bob's order is paid at 8.00 EUR
    And one tee is left
