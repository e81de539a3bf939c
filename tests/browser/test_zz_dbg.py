import pytest
from tests.browser.shopping import *
from tests.browser.conftest import *
pytestmark = pytest.mark.browser
def test_x(page, sale, complaints):
    open_sale(page)
    add(page, "MUG-01")
    page.goto("/checkout/")
    fill_address(page)
    enter_card(page)
    pay_button(page).click()
    page.wait_for_timeout(3000)
    print(page.url, complaints)
    page.screenshot(path="/tmp/dbg.png", full_page=True)
