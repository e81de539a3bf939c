Feature: A price that runs out while its sale is open is renewed
  At the same price or a lower one by itself; at a higher one only with a yes.

  Background:
    Given the sale "Long Night" from 20:00 to 23:00 holding prices for 10 minutes

  Scenario: At the same price it goes on by itself
    When Ada opens the sale page at 20:05
    And Ada adds the mug
    And Ada opens the bag at 20:15
    Then the offer is honored
    And Ada's bag holds 1 mug at 9.90 EUR
    And the price is held until 20:25

  Scenario: At a lower price it goes on by itself
    When Ada opens the sale page at 20:05
    And Ada adds the mug
    And the merchant lowers the price to 8.90 EUR at 20:10
    And Ada opens the bag at 20:20
    Then the offer is honored
    And Ada's bag holds 1 mug at 8.90 EUR

  Scenario: At a higher price it waits for a yes
    When Ada opens the sale page at 20:05
    And Ada adds the mug
    And the merchant raises the price to 12.90 EUR at 20:10
    And Ada opens the bag at 20:14:59
    Then the offer is honored
    When Ada opens the bag at 20:15
    Then the offer is refused: expired
    And Ada reads "It is €12.90 now"
    When Ada accepts the new price at 20:16
    Then the offer is honored
    And Ada's bag holds 1 mug at 12.90 EUR
    When Ada pays at 20:20
    Then the order is paid at 12.90 EUR

  Scenario: A yes to a price that has risen again is no yes
    When Ada opens the sale page at 20:05
    And Ada adds the mug
    And the merchant raises the price to 12.90 EUR at 20:10
    And Ada opens the bag at 20:15
    And the merchant raises the price to 15.90 EUR at 20:16
    And Ada accepts the new price at 20:17
    Then Ada reads "The price has changed again."
    And Ada's bag holds 1 mug at 9.90 EUR

  Scenario: After the close nothing is renewed
    When Ada opens the sale page one second before "Long Night" closes
    And Ada adds the mug
    And Ada opens the bag 10 minutes after "Long Night" closes
    Then the offer is refused: expired

  Scenario: A hold that the merchant shortens is shorter for those who come later
    When Ada opens the sale page at 20:05
    And the merchant holds prices for 2 minutes from now on at 20:06
    And Bob opens the sale page at 20:07
    Then the price is held until 20:09
    When Ada adds the mug at 20:14
    Then the offer is honored
    And the price is held until 20:15
