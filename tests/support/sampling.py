"""Long lists of cases, of which ``make test`` runs a sample and ``make verify`` the rest."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], *sample: Any) -> list[Any]:
    """Parameters for ``parametrize``: cases that are not in the sample are marked ``verify``."""
    return [
        case if case in sample else pytest.param(case, marks=pytest.mark.verify) for case in cases
    ]
