Feature: A price is held as long as its page promised
  The window says when prices are shown. How long each of them is held is another thing: it is
  counted from the moment the page was opened, and what happens meanwhile does not shorten it.

  Background:
    Given the sale "Autumn" from 12:00 to 12:15 holding prices for 30 minutes

  Scenario: A price shown in the last second of the sale is paid half an hour later
    When a shopper opens the sale page at 12:14:59
    And the merchant raises the price at 12:16
    And the shopper pays at 12:44
    Then the order is paid at 9.90 EUR

  Scenario: One second before the sale opens there is no price
    When Ada opens the sale page one second before Autumn opens
    Then Ada sees no price
    And Ada reads "12:00, Berlin time"

  Scenario: The first second of the sale has a price
    When Ada opens the sale page when Autumn opens
    Then Ada sees the mug at 9.90 EUR
    And the price is held until 12:30

  Scenario: The last second of the sale has a price
    When Ada opens the sale page one second before Autumn closes
    Then Ada sees the mug at 9.90 EUR
    And the price is held until 12:44:59

  Scenario: The second the sale closes there is no price
    When Ada opens the sale page when Autumn closes
    Then Ada sees no price
    And Ada reads "The sale is over"

  Scenario: The last second of the hold still buys
    When Ada opens the sale page at 12:14:59
    And Ada adds the mug
    And Ada pays one second before the hold ends
    Then the order is paid at 9.90 EUR

  Scenario: The second the hold ends the price is gone, and nothing is charged
    When Ada opens the sale page at 12:14:59
    And Ada adds the mug
    And Ada pays when the hold ends
    Then the offer is refused: expired
    And Ada reads "This price was held until"
    And no order is placed
    And nothing is charged

  Scenario: Each shopper's hold is their own
    When Ada opens the sale page at 12:05
    And Bob opens the sale page at 12:10
    And Ada adds the mug at 12:11
    And Bob adds the mug at 12:12
    And Ada pays one second before the hold ends
    Then Ada's order is paid at 9.90 EUR
    When Bob pays one second before the hold ends
    Then Bob's order is paid at 9.90 EUR

  Scenario: The checkout page was opened in time, and the order comes a second too late
    When Ada opens the sale page at 12:10
    And Ada adds the mug
    And Ada opens the checkout at 12:39:58
    Then the total is 9.90 EUR
    When Ada pays at 12:40
    Then the order is refused: expired
    And nothing is charged
    And Ada's bag holds 1 mug at 9.90 EUR

  Scenario: A price that is added in the last second of its hold
    When Ada opens the sale page at 12:05
    And Ada adds the mug at 12:34:59
    Then the offer is honored

  Scenario: A price that is added the second its hold ends
    When Ada opens the sale page at 12:05
    And Ada adds the mug at 12:35
    Then the offer is refused: expired
    And Ada reads "49.90"

  Scenario: A line that has run out after the sale can be kept at the list price
    When Ada opens the sale page at 12:05
    And Ada adds the mug
    And Ada opens the bag when the hold ends
    Then the offer is refused: expired
    When Ada accepts the new price
    And Ada pays at 12:40
    Then the order is paid at 49.90 EUR

  Scenario: A page that lies open over the close keeps its promise when one goes back to it
    When Ada opens the sale page at 12:14
    And Ada opens the page of the mug at 12:20
    And Ada goes back
    And Ada adds the mug
    Then the offer is honored
    And Ada's bag holds 1 mug at 9.90 EUR

  Scenario: Two tabs of one browser fill one bag
    When Ada opens the sale page at 12:01
    And Ada opens the sale page in another tab at 12:02
    And Ada adds the mug
    And Ada turns to the first tab
    And Ada adds 2 mugs
    Then Ada's bag holds 3 mugs at 9.90 EUR
    And the price is held until 12:32
    When Ada turns to the second tab
    And Ada opens the bag
    Then the bag holds 3 mugs at 9.90 EUR

  Scenario: A list price is held like any other
    When Ada opens the page of the mug at 13:00
    And Ada adds the mug
    And the merchant changes the list price of the mug to 59.90 EUR at 13:01
    And Bob opens the page of the mug at 13:02
    Then Bob sees the mug at 59.90 EUR
    When Ada pays at 13:29:59
    Then Ada's order is paid at 49.90 EUR

  Scenario: What has run out is in no total
    Given the sale "Winter" from 14:00 to 14:15 holding prices for 30 minutes
      | deal  | price     |
      | mug   | 9.90 EUR  |
      | scarf | 20.00 EUR |
    When Ada opens the sale page at 14:01
    And Ada adds 2 mugs
    And Ada opens the sale page at 14:14
    And Ada adds 3 scarves
    And Ada opens the bag
    Then Ada reads "Bag · 5"
    And Ada reads "Total €79.80"
    When Ada opens the bag at 14:31
    Then the offer is refused: expired
    And Ada reads "Total €60.00"
    And Ada's bag holds 2 mugs at 9.90 EUR
