"""System checks of a deployment whose clock can be moved."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.security, deploy=True)
def check_clock(**_: Any) -> list[CheckMessage]:
    """Warn of ``QA_CLOCK``."""
    if not settings.QA_CLOCK:
        return []
    return [
        CheckWarning(
            "QA_CLOCK is on: everyone who can open this shop can move its clock.",
            hint="For a shop that sells, leave QA_CLOCK and QA_CLOCK_IN_PRODUCTION out.",
            id="qa.W001",
        )
    ]
