Feature: What the merchant changes, and what that does to prices that are out
  A change of price, of the window or of what is on show touches nobody's promise. An extension
  lengthens it, and only a recall takes it back.

  Background:
    Given the sale "Autumn" from 12:00 to 12:15 holding prices for 30 minutes
      | deal | price     | instead of | stock | at most |
      | mug  | 9.90 EUR  | 49.90 EUR  | 20    | 3       |
      | lamp | 19.00 EUR | 79.00 EUR  | 5     | 2       |

  Scenario: A price that is raised is not mine to pay
    When Ada opens the sale page at 12:01
    And the merchant raises the price of the mug to 14.90 EUR at 12:02
    And Ada adds the mug at 12:03
    And Bob opens the sale page at 12:04
    Then Bob sees the mug at 14.90 EUR
    When Ada pays at 12:30
    Then Ada's order is paid at 9.90 EUR

  Scenario: A price that falls is mine at once, for a held price is a ceiling and never a floor
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And the merchant lowers the price of the mug to 7.90 EUR at 12:02
    Then Ada's bag holds 1 mug at 7.90 EUR
    When Ada pays at 12:20
    Then the order is paid at 7.90 EUR

  Scenario: A total that is no longer the one on the screen is shown before it is charged
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And Ada opens the checkout at 12:02
    And the merchant lowers the price of the mug to 7.90 EUR at 12:03
    And Ada pays at 12:04
    Then Ada reads "The total has changed to €7.90"
    And nothing is charged
    When Ada pays at 12:05
    Then the order is paid at 7.90 EUR

  Scenario: A sale that is closed early keeps its word
    When Ada opens the sale page at 12:04:59
    And the merchant closes Autumn early at 12:05
    And Bob opens the sale page at 12:05
    Then Bob sees no price
    When Ada adds the mug at 12:34
    And Ada pays at 12:34:58
    Then the order is paid at 9.90 EUR

  Scenario: A sale that goes on longer shows its prices longer
    When the merchant moves the end of Autumn to 12:30 at 12:10
    And Ada opens the sale page at 12:29:59
    Then Ada sees the mug at 9.90 EUR
    And the price is held until 12:59:59

  Scenario: An extension is good to its last second
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And the merchant holds what was shown 10 minutes longer at 12:20
    And Ada opens the bag at 12:21
    Then the price is held until 12:41
    When Ada pays at 12:40:59
    Then the order is paid at 9.90 EUR

  Scenario: An extension ends to the second
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And the merchant holds what was shown 10 minutes longer at 12:20
    And Ada pays at 12:41
    Then the offer is refused: expired

  Scenario: An extension that comes late brings a price back
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And Ada opens the bag at 12:31
    Then the offer is refused: expired
    When the merchant holds what was shown 15 minutes longer at 12:33
    And Ada pays at 12:34
    Then the order is paid at 9.90 EUR

  Scenario: An extension is not for what is shown after it
    When the merchant holds what was shown 10 minutes longer at 12:05
    And Ada opens the sale page at 12:05
    And Ada adds the mug at 12:35
    Then the offer is refused: expired

  Scenario: A recall is said with its reason, and what it costs now
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And the merchant recalls Autumn, because "The mugs crack." at 12:05
    And Ada opens the bag at 12:06
    Then the offer is refused: recalled
    And Ada reads "The mugs crack."
    And Ada reads "9.90"

  Scenario: A recall between the bag and the payment charges nothing
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And Ada opens the checkout at 12:04
    And the merchant recalls Autumn, because "A slip of the pen." at 12:05
    And Ada pays at 12:06
    Then the order is refused: recalled
    And no order is placed
    And nothing is charged

  Scenario: A recall of one deal leaves the others
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And Ada goes back
    And Ada adds the lamp
    And the merchant recalls the price of the mug, because "Wrong mug." at 12:05
    And Ada opens the bag at 12:06
    Then the offer is refused: recalled
    When Ada removes the mug
    And Ada pays at 12:10
    Then the order is paid at 19.00 EUR

  Scenario: What is shown after a recall is good
    When the merchant recalls Autumn, because "A slip of the pen." at 12:05
    And Ada opens the sale page at 12:05
    And Ada adds the mug
    Then the offer is honored

  Scenario: A recall of what was shown before an instant leaves what came after
    When Ada opens the sale page at 12:01
    And Bob opens the sale page at 12:02
    And the merchant recalls what was shown before 12:01:30, because "Early prices." at 12:20
    And Ada adds the mug at 12:21
    Then the offer is refused: recalled
    When Bob adds the mug at 12:22
    Then the offer is honored

  Scenario: A deal that is withdrawn is shown no more, and held all the same
    When Ada opens the sale page at 12:01
    And the merchant withdraws the mug at 12:02
    And Bob opens the sale page at 12:03
    Then Bob sees the lamp at 19.00 EUR
    And Bob does not read "mug"
    When Ada adds the mug at 12:04
    And Ada pays at 12:05
    Then the order is paid at 9.90 EUR

  Scenario: A sale that is hidden, and shown again, keeps its word in between
    When Ada opens the sale page at 12:01
    And the merchant unpublishes Autumn at 12:02
    And Bob opens the sale page at 12:03
    Then there is no such page
    When Ada adds the mug at 12:04
    Then the offer is honored
    When the merchant publishes Autumn at 12:05
    And Bob opens the sale page at 12:06
    Then Bob sees the mug at 9.90 EUR

  Scenario: A sale that is called off keeps its word
    When Ada opens the sale page at 12:01
    And the merchant cancels Autumn at 12:02
    And Bob opens the sale page at 12:03
    Then there is no such page
    When Ada adds the mug at 12:20
    And Ada pays at 12:21
    Then the order is paid at 9.90 EUR
