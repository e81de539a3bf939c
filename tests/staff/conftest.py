"""Somebody of the staff."""

import pytest

from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.support.fixtures import Clock

PASSWORD = "a long walk in the snow"


@pytest.fixture
def ada(db: None, clock: Clock) -> Staff:
    person = Staff.objects.create_user("ada", "ada@example.org", PASSWORD, is_staff=True)
    give_role(person, Role.OWNER)
    return person
