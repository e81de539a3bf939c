"""Steps: time passes."""

from datetime import timedelta

from shop.qa.pytest_plugin.vocabulary import given, when
from shop.qa.pytest_plugin.world import World


@given("it is {moment}")
def _(world: World, moment: str) -> None:
    """The shop's clock goes there."""
    world.move_to(world.moment(moment))


@when("{duration} pass", "{duration} passes")
def _(world: World, duration: timedelta) -> None:
    """The shop's clock goes on that far."""
    world.move_to(world.now + duration)
