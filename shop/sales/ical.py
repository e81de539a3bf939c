"""A sale as a calendar entry (RFC 5545): the reminder that needs no mail address."""

from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from shop.sales.snapshot import SaleSnapshot

REMIND_BEFORE = timedelta(minutes=10)


def calendar_of(sale: SaleSnapshot, address: str, now: datetime) -> bytes:
    """A calendar file with the sale's window, and an alarm a little before it opens.

    :param address: the sale's page; it also makes the entry the same one each time
    """
    event = Event.new(
        uid=address,
        stamp=now,
        start=sale.starts_at,
        end=sale.ends_at,
        summary=sale.title,
        url=address,
    )
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", sale.title)
    alarm.add("trigger", -REMIND_BEFORE)
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Flashfreeze//Sales//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written
