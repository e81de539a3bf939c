"""System checks: a shop whose clock can be moved says so before it is put out."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.security, deploy=True)
def check_clock(**_: Any) -> list[CheckMessage]:
    """The clock of a shop that sells is real."""
    if not settings.QA_CLOCK:
        return []
    return [
        CheckWarning(
            "QA_CLOCK is on: whoever can open this shop can move its clock.",
            hint="For a shop that sells, leave QA_CLOCK and QA_CLOCK_IN_PRODUCTION out.",
            id="qa.W001",
        )
    ]
