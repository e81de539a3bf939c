"""A member of the staff, who works in the back office by plain HTTP."""

from typing import Any

import requests
from bs4 import BeautifulSoup, Tag

NAME, PASSWORD = "owner", "a-password-of-the-operators-story"
#: How often the start page may ask about one outage: each of two web processes notes its own part.
MOST_ANSWERS = 2


class Staff:
    """One browser of the shop's owner."""

    def __init__(self, url: str, certificate: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.verify = certificate
        self._session.trust_env = False
        self._session.headers["Sec-Fetch-Site"] = "same-origin"
        page = self.send("/merchant/login/", username=NAME, password=PASSWORD, next="/merchant/")
        assert page.select_one("[action*=logout]"), "the owner cannot log in"

    def open(self, path: str) -> BeautifulSoup:
        """A page of the back office."""
        answer = self._session.get(f"{self._url}{path}", timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return BeautifulSoup(answer.text, "html.parser")

    def send(self, path: str, **fields: str) -> BeautifulSoup:
        """Send a form; the page that it leads to."""
        answer = self._session.post(f"{self._url}{path}", fields, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return BeautifulSoup(answer.text, "html.parser")

    def give_time_back(self, sale: str) -> None:
        """Hold a sale's prices longer, as the start page asks after an outage, in one click.

        It asks once more where a process has noted its part of the outage only meanwhile.
        """
        form = self._outage_form(sale)
        assert form is not None, "the start page asks nothing after an outage"
        for _ in range(MOST_ANSWERS):
            self._answer_outage(form)
            form = self._outage_form(sale)
            if form is None:
                return
        raise AssertionError("the start page asks again and again")

    def _answer_outage(self, form: Tag) -> None:
        choice = form.select_one("[name=answer][value=extend]")
        assert choice is not None, "it is too late to give the time back"
        shown = form.select_one("[name=shown]")
        assert shown is not None
        self.send(str(form["action"]), answer="extend", shown=str(shown["value"]))

    def is_asked_to_give_time_back(self, sale: str) -> bool:
        """Whether the start page asks."""
        return self._outage_form(sale) is not None

    def _outage_form(self, sale: str) -> Tag | None:
        return self.open("/merchant/").select_one(f"form[action='/merchant/sales/{sale}/outage/']")

    def refund_one_unit(self, order: dict[str, Any]) -> None:
        """Refund one unit of the first line of an order, and put it back into stock."""
        path = f"/merchant/checkout/order/{order['pk']}/refund/"
        form = _fields(self.open(path))
        units = next(name for name in form if name.startswith("units_"))
        preview = self.send(path, **{**form, units: "1", "reason": "It was chipped."})
        assert preview.select_one("#consequences"), f"{order['number']} cannot be refunded"
        self.send(path, **_fields(preview))


def _fields(page: BeautifulSoup) -> dict[str, str]:
    """What a browser would send of the page's form, untouched."""
    form = page.select_one("form:has([name=seen])")
    assert isinstance(form, Tag), "the page has no form"
    fields: dict[str, str] = {}
    for each in form.select("input[name], textarea[name]"):
        if each.get("type") in {"checkbox", "radio"} and not each.has_attr("checked"):
            continue
        value = each.get("value") if each.name == "input" else each.text
        fields[str(each["name"])] = str(value if value is not None else "on")
    return fields
