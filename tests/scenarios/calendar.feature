Feature: Clocks, zones and calendars
  A hold is so many seconds, whatever the clock on the wall does meanwhile.

  Scenario: Clocks go back during the hold
    Given today is 2026-10-25
    And the sale "Small Hours" from 01:45 to 01:59 holding prices for 90 minutes
    When Ada opens the sale page at 01:50
    Then the price is held until the second 02:20
    And Ada reads "02:20 (UTC+1)"
    When Ada adds the mug at the first 02:20
    Then the offer is honored
    When Ada pays one second before the hold ends
    Then the order is paid at 9.90 EUR

  Scenario: Clocks go back, and the second time is too late
    Given today is 2026-10-25
    And the sale "Small Hours" from 01:45 to 01:59 holding prices for 90 minutes
    When Ada opens the sale page at 01:50
    And Ada adds the mug at the second 02:20
    Then the offer is refused: expired

  Scenario: A close and the end of a hold that look reversed
    Given today is 2027-10-31
    And the sale "Small Hours" from 01:30 to the second 02:20 holding prices for 30 minutes
    When Ada opens the sale page at the first 02:30
    Then the price is held until the second 02:00
    And Ada reads "02:20 (UTC+1), Berlin time"
    And Ada reads "02:00 (UTC+1), Berlin time"
    And Ada reads "At 03:00 (UTC+2) clocks are put back to 02:00 (UTC+1)."
    When Ada adds the mug one second before the hold ends
    Then the offer is honored
    And Ada reads "Held until 02:00 (UTC+1), Berlin time"

  Scenario: Times beside the hour that comes twice are plain
    Given today is 2027-10-31
    And the sale "Small Hours" from 01:30 to 03:00 holding prices for 10 minutes
    When Ada opens the sale page at 01:49:59
    Then Ada reads "01:59, Berlin time"
    And Ada reads "03:00, Berlin time"
    And Ada does not read "UTC"
    When Ada opens the sale page at 01:50
    Then Ada reads "02:00 (UTC+2), Berlin time"

  Scenario: Half an hour that comes twice
    Given today is 2027-04-04
    And the sale "Island" in Australia/Lord_Howe from 01:00 to the first 01:45 holding prices for 30 minutes
    When Ada opens the sale page at the first 01:40
    Then the price is held until the second 01:40
    And Ada reads "01:45 (UTC+11), Lord Howe time"
    And Ada reads "01:40 (UTC+10:30), Lord Howe time"

  Scenario: Clocks go forward during the hold
    Given today is 2027-03-28
    And the sale "Small Hours" from 01:30 to 01:45 holding prices for 30 minutes
    When Ada opens the sale page at 01:44
    Then the price is held until 03:14
    And Ada reads "03:14, Berlin time"
    When Ada pays at 03:13:59
    Then the order is paid at 9.90 EUR

  Scenario: Clocks go forward, and the hold is over to the second
    Given today is 2027-03-28
    And the sale "Small Hours" from 01:30 to 01:45 holding prices for 30 minutes
    When Ada opens the sale page at 01:44
    And Ada adds the mug at 03:14
    Then the offer is refused: expired

  Scenario: A leap day is a day
    Given today is 2028-02-28
    And the sale "Leap" from 23:50 to 00:10 holding prices for 1 day
    When Ada opens the sale page at 23:55
    Then the price is held until 23:55 on 2028-02-29
    When Ada adds the mug at 23:54:59 on 2028-02-29
    And Ada pays
    Then the order is paid at 9.90 EUR

  Scenario: A leap day is no longer than a day
    Given today is 2028-02-28
    And the sale "Leap" from 23:50 to 00:10 holding prices for 1 day
    When Ada opens the sale page at 23:55
    And Ada adds the mug at 23:55 on 2028-02-29
    Then the offer is refused: expired

  Scenario: A sale over midnight
    Given the sale "Midnight" from 23:55 to 00:05 holding prices for 30 minutes
    When Ada opens the sale page one second before Midnight closes
    Then the price is held until 00:34:59 the next day
    When Ada pays at 00:34:58 the next day
    Then the order is paid at 9.90 EUR

  Scenario: A sale in another zone is told in that zone
    Given the sale "Hanami" in Asia/Tokyo from 12:00 to 12:15 holding prices for 30 minutes
    When Ada opens the sale page at 11:59:59
    Then Ada sees no price
    And Ada reads "12:00, Tokyo time"
    When Ada opens the sale page at 12:00
    Then Ada sees the mug at 9.90 EUR
    And Ada reads "Tokyo time"

  Scenario: A price that is held for days, past 2038
    Given today is 2038-01-19
    And the sale "Late" in UTC from 03:00 to 03:15 holding prices for 10 days
    When Ada opens the sale page at 03:14:07
    And Ada pays at 03:14:06 on 2038-01-29
    Then the order is paid at 9.90 EUR

  Scenario: Two sales of one thing, and the bag takes the cheaper one
    Given the sale "Morning" from 10:00 to 14:00 holding prices for 30 minutes
      | deal | price    | instead of |
      | mug  | 9.90 EUR | 49.90 EUR  |
    And the sale "Noon" from 12:00 to 12:15 holding prices for 30 minutes
      | deal | price    | instead of |
      | mug  | 6.90 EUR | 49.90 EUR  |
    When Ada opens the sale page of Morning at 11:55
    And Ada adds the mug
    Then Ada's bag holds 1 mug at 9.90 EUR
    When Ada opens the bag at 12:01
    Then Ada's bag holds 1 mug at 6.90 EUR
