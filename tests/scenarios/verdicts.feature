Feature: Every verdict, and the sentence that comes with it
  What is honored is honored for the one it was made for, once, as often as was promised.

  Background:
    Given the sale "Autumn" from 12:00 to 12:15 holding prices for 30 minutes
      | deal | price    | instead of | stock | at most |
      | mug  | 9.90 EUR | 49.90 EUR  | 3     | 2       |

  Scenario: Honored
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    Then the offer is honored
    And Ada's bag holds 1 mug at 9.90 EUR

  Scenario: Expired
    When Ada opens the sale page at 12:01
    And Ada adds the mug at 12:31
    Then the offer is refused: expired
    And Ada reads "This price was held until"

  Scenario: Not yet valid, from a server whose clock is more than a minute ahead
    When Ada opens the sale page on a server whose clock is 61 seconds ahead at 12:01
    And Ada adds the mug
    Then the offer is refused: not yet valid
    And Ada reads "This price does not apply yet."

  Scenario: Honored, from a server whose clock is a minute ahead
    When Ada opens the sale page on a server whose clock is 60 seconds ahead at 12:01
    And Ada adds the mug
    Then the offer is honored

  Scenario: Not yours
    When Ada opens the sale page at 12:01
    And Bob opens the sale page at 12:01
    And Bob adds the offer that Ada was shown
    Then the offer is refused: not yours
    And Bob reads "This price was given to another browser, and holds only there."
    And Bob's bag is empty

  Scenario: Used
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And Ada pays at 12:02
    And Ada puts the same offer into the bag again
    Then the offer is refused: used
    And Ada reads "You have ordered this at this price"

  Scenario: Over the limit at once
    When Ada opens the sale page at 12:01
    And Ada adds 3 mugs
    Then the offer is refused: over limit
    And Ada's bag is empty

  Scenario: Over the limit by what was bought before
    When Ada opens the sale page at 12:01
    And Ada adds 2 mugs
    And Ada pays at 12:02
    And Ada opens the sale page at 12:03
    And Ada adds a mug
    Then the offer is refused: over limit

  Scenario: Over the limit by a change in the bag
    When Ada opens the sale page at 12:01
    And Ada adds 2 mugs
    And Ada changes the quantity to 3
    Then the offer is refused: over limit
    And Ada's bag holds 2 mugs at 9.90 EUR

  Scenario: Over the limit by somebody's mail address in another browser
    When Ada opens the sale page at 12:01
    And Ada adds 2 mugs
    And Ada pays at 12:02
    And Bob opens the sale page at 12:03
    And Bob adds a mug
    And Bob pays with Ada's mail address
    Then the order is refused: over limit
    And Bob reads "Units are counted by mail address and card, as well as by browser."
    And Bob has no order
    And Stripe has charged 19.80 EUR

  Scenario: Over the limit by somebody's card in another browser
    When Ada opens the sale page at 12:01
    And Ada adds 2 mugs
    And Ada pays at 12:02
    And Bob opens the sale page at 12:03
    And Bob adds a mug
    And Bob pays with Ada's card
    Then the order is refused: over limit
    And Bob has no order

  Scenario: Sold out, to whoever comes second
    When Ada opens the sale page at 12:01
    And Bob opens the sale page at 12:01
    And Ada adds 2 mugs
    And Bob adds 2 mugs
    And Ada pays at 12:02
    And Bob pays at 12:03
    Then the offer is refused: sold out
    And Bob has no order
    And one mug is left
    When Bob changes the quantity to 1
    And Bob pays at 12:04
    Then Bob's order is paid at 9.90 EUR
    And no mugs are left

  Scenario: Sold out, until the merchant finds some more
    When Ada opens the sale page at 12:01
    And Bob opens the sale page at 12:01
    And Ada adds 2 mugs
    And Ada pays at 12:02
    And Bob adds 2 mugs at 12:03
    Then the offer is refused: sold out
    When the merchant adds 5 mugs to the stock at 12:20
    And Bob puts the same offer into the bag again at 12:21
    Then the offer is honored

  Scenario: Sold out, where the units set aside are gone
    Given the sale "Winter" from 14:00 to 14:15 holding prices for 30 minutes
      | deal  | price    | stock | set aside |
      | scarf | 9.90 EUR | 20    | 2         |
    When Ada opens the sale page at 14:01
    And Bob opens the sale page at 14:01
    And Ada adds 2 scarves
    And Ada pays at 14:02
    And Bob adds a scarf
    Then the offer is refused: sold out
    And 18 scarves are left

  Scenario: Unknown key
    When Ada opens the sale page at 12:01
    And the shop voids its keys
    And Ada adds the mug at 12:02
    Then the offer is refused: unknown key
    And Ada reads "This price was not given by this shop."

  Scenario: A receipt opens, though every key of offers is voided
    When Ada opens the sale page at 12:01
    And Ada pays at 12:02
    And the shop voids its keys
    And Ada opens the order
    Then Ada reads "The receipt goes to"

  Scenario: Honored, by a key that has been followed by another
    When Ada opens the sale page at 12:01
    And Ada adds the mug
    And the shop changes its key
    And the server restarts
    And Ada pays at 12:30
    Then the order is paid at 9.90 EUR

  Scenario Outline: Forged
    When Ada opens the sale page at 12:01
    And <what she does>
    Then the offer is refused: forged
    And Ada reads "This price cannot be read, so it cannot be honored."
    And Ada's bag is empty

    Examples:
      | what she does                                               |
      | Ada changes the price in the offer to 0.10 EUR and adds it  |
      | Ada adds "nothing.of.ours" in place of an offer             |
      | Ada adds "" in place of an offer                            |

  Scenario: Forged, though the shop's own key has signed it
    When Ada opens the sale page at 12:01
    And somebody signs Ada's offer at 0.10 EUR with the shop's own key, and Ada adds it
    Then the offer is refused: forged
    And Ada reads "The shop never offered this price, so it cannot be honored."
    And Ada's bag is empty

  Scenario: Recalled
    When Ada opens the sale page at 12:01
    And the merchant recalls Autumn, because "The mugs crack." at 12:02
    And Ada adds the mug
    Then the offer is refused: recalled
    And Ada reads "The mugs crack."
