"""The page script in a real browser, on a shop's page with a strict Content-Security-Policy."""

import os
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import stripe
from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, expect, sync_playwright

from shop.qa.pytest_plugin.stand_in import StripeApi
from shop.sandbox.assets import STRIPE_JS_FILES, read
from tests.sandbox.check_stripe_js import missing, names
from tests.sandbox.stripe_harness import LocalServer, eventually

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Checkout</title>
<link rel="stylesheet" href="/page.css">
<script src="{api}/stripe.js"></script><script type="module" src="/page.js"></script>
<main><div id="payment"></div></main>"""
PAGE_CSS = "body { margin: 0; padding: 16px; }"
PAGE_JS = """
window.events = [];
window.stripe = Stripe("pk_test_page");
window.elements = stripe.elements({
  mode: "payment", amount: 4990, currency: "eur", allowedPaymentMethodTypes: ["card"],
  appearance: { theme: "stripe" }, locale: "en",
});
window.element = elements.create("payment", {
  layout: "tabs", wallets: { applePay: "never", googlePay: "never" },
});
for (const name of ["loaderstart", "ready", "change", "loaderror"]) {
  element.on(name, (event) => events.push([name, event]));
}
element.mount("#payment");
"""


class ShopPage(LocalServer):
    """A shop of one page, as strict as ours."""

    def __init__(self, api: str) -> None:
        super().__init__(_ShopPage)
        self.api = api
        self.policy = (
            f"default-src 'none'; script-src 'self' {api}; style-src 'self'; frame-src {api};"
            f" connect-src {api}; form-action 'self'; base-uri 'none'"
        )


class _ShopPage(BaseHTTPRequestHandler):
    server: ShopPage

    def do_GET(self) -> None:
        type, text = {
            "/page.css": ("text/css", PAGE_CSS),
            "/page.js": ("text/javascript", PAGE_JS),
        }.get(self.path, ("text/html", PAGE.format(api=self.server.api)))
        self.send_response(200)
        self.send_header("Content-Type", type)
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def shop(stripe_stand_in: StripeApi) -> Iterator[ShopPage]:
    with ShopPage(stripe_stand_in.base) as shop:
        yield shop


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For this module alone: while Playwright runs, Django believes to be in an event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, shop: ShopPage) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "the server responded with a status" not in message.text:
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(shop.origin)
    eventually(lambda: page.evaluate("events.some(([name]) => name === 'ready')"))
    yield page
    context.close()
    # A violation of the policy is an error in the console.
    assert complaints == []


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("#payment iframe")


def fill(page: Page, number: str, expiry: str = "12 / 34", cvc: str = "123") -> None:
    for label, value in (
        ("Card number", number),
        ("Expiration (MM / YY)", expiry),
        ("Security code", cvc),
    ):
        frame(page).get_by_label(label).fill(value)


def make_token(page: Page, number: str, params: str = "{}") -> Any:
    """Through the calls that a checkout makes; the answer as the page gets it."""
    fill(page, number)
    return page.evaluate(
        f"""async () => {{
          const {{ error }} = await elements.submit();
          if (error) return {{ error }};
          return stripe.createConfirmationToken({{ elements, params: {params} }});
        }}"""
    )


def refused(page: Page, call: str) -> str:
    """The message of the IntegrationError that a call throws."""
    return str(
        page.evaluate(
            f"""async () => {{
              try {{ await {call}; return "no error"; }}
              catch (error) {{ return `${{error.name}}: ${{error.message}}`; }}
            }}"""
        )
    )


# The names


def exposed(page: Page) -> set[str]:
    """Every call, option and event of the script: its methods seen from outside, its own tables."""
    source = "".join(read(name) for name in STRIPE_JS_FILES)
    methods = page.evaluate(
        """() => Object.entries({ stripe, elements, element }).flatMap(([name, object]) =>
          Object.getOwnPropertyNames(Object.getPrototypeOf(object))
            .filter((method) => method !== "constructor" && !method.startsWith("_"))
            .map((method) => `${name}.${method}`))"""
    )
    table = source[source.index("const OPTIONS = {") : source.index("const EVENTS")]
    options = {
        f"{call.replace(' params', '.params')}.{option}"
        for call, listed in re.findall(r'"([^"]+\(\)[^"]*)": \[(.*?)\]', table, re.S)
        for option in re.findall(r'"(\w+)"', listed)
    }
    (events,) = re.findall(r"const EVENTS = \[(.*?)\]", source, re.S)
    return {*methods, *options, *(f"element.on({name})" for name in re.findall(r'"(\w+)"', events))}


def test_the_script_exposes_exactly_the_names_that_are_declared(page: Page) -> None:
    assert exposed(page) == {entry.exposed for entry in names()}


def test_a_name_that_is_declared_nowhere_would_be_noticed(tmp_path: Path) -> None:
    for file in {entry.file for entry in names()}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("export interface Stripe {\n  /* elements() */\n}\n")
    assert missing(tmp_path) == names()


# The Payment Element


def test_a_card_that_is_typed_becomes_a_token_that_pays(
    page: Page, stripe_stand_in: StripeApi
) -> None:
    number = frame(page).get_by_label("Card number")
    number.press_sequentially("4242424242424242")
    expect(number).to_have_value("4242 4242 4242 4242")
    number.press("Tab")
    page.keyboard.type("1234")
    page.keyboard.press("Tab")
    page.keyboard.type("1234")
    expect(frame(page).get_by_label("Expiration (MM / YY)")).to_have_value("12 / 34")
    expect(frame(page).get_by_label("Security code")).to_have_value("123")
    eventually(
        lambda: page.evaluate("events.at(-1)?.[0] === 'change' && events.at(-1)?.[1].complete")
    )

    made = page.evaluate(
        """async () => {
          await elements.submit();
          return stripe.createConfirmationToken({ elements, params: {
            payment_method_data: { billing_details: { name: "Ada", address: { country: "DE" } } },
            shipping: { name: "Ada", address: { line1: "Street 1", country: "DE" } },
          } });
        }"""
    )["confirmationToken"]
    token = stripe_stand_in.v1.confirmation_tokens.retrieve(made["id"])
    assert token.use_stripe_sdk is True
    assert (
        token.payment_method_preview is not None and token.payment_method_preview.card is not None
    )
    assert token.payment_method_preview.card.last4 == "4242"
    assert token.payment_method_preview.billing_details.name == "Ada"
    by_test_id = stripe_stand_in.v1.confirmation_tokens.retrieve(stripe_stand_in.token())
    assert by_test_id.payment_method_preview is not None
    assert by_test_id.payment_method_preview.card is not None
    assert (
        token.payment_method_preview.card.fingerprint
        == by_test_id.payment_method_preview.card.fingerprint
    )
    paid = stripe_stand_in.confirm(stripe_stand_in.intent(), confirmation_token=token.id)
    assert paid.status == "succeeded"
    assert paid.shipping is not None and paid.shipping.name == "Ada"


def test_the_number_never_enters_the_shops_page(page: Page) -> None:
    messages = page.evaluate_handle(
        """() => {
          const heard = [];
          addEventListener("message", (event) => heard.push(event.data));
          return heard;
        }"""
    )
    made = make_token(page, "4242424242424242")
    assert made["confirmationToken"]["payment_method_preview"]["card"]["last4"] == "4242"
    assert "4242" not in page.content()
    assert "42424242" not in str(messages.json_value())


def test_a_digit_in_the_middle_leaves_the_caret_where_it_was(page: Page) -> None:
    number = frame(page).get_by_label("Card number")
    number.fill("42424242424242")
    number.evaluate("input => input.setSelectionRange(2, 2)")
    page.keyboard.type("9")
    expect(number).to_have_value("4294 2424 2424 242")
    assert number.evaluate("input => input.selectionStart") == 3


MISTAKES = [
    ("Card number", "4242424242424241", "Your card number is invalid."),
    ("Card number", "4242", "Your card number is incomplete."),
    ("Expiration (MM / YY)", "12 / 20", "Your card's expiration year is in the past."),
    ("Expiration (MM / YY)", "13 / 34", "Your card's expiration month is invalid."),
    ("Expiration (MM / YY)", "1", "Your card's expiration date is incomplete."),
    ("Security code", "12", "Your card's security code is incomplete."),
]


def test_a_mistake_is_told_at_its_field_until_it_is_mended(page: Page) -> None:
    for label, typed, said in MISTAKES:
        field = frame(page).get_by_label(label)
        field.fill(typed)
        field.blur()
        alert = frame(page).get_by_role("alert").filter(has_text=said)
        expect(alert).to_be_visible()
        expect(field).to_have_attribute("aria-invalid", "true")
        field.fill("")
        expect(alert).to_have_count(0)


def test_submitting_nothing_names_every_field_and_goes_to_the_first(page: Page) -> None:
    error = page.evaluate("elements.submit()")["error"]
    assert (error["type"], error["code"]) == ("validation_error", "incomplete_number")
    expect(frame(page).get_by_role("alert").filter(has_text="incomplete")).to_have_count(3)
    expect(frame(page).get_by_label("Card number")).to_be_focused()


def test_a_card_that_is_no_test_card_is_refused_before_it_becomes_a_token(page: Page) -> None:
    error = make_token(page, "4111111111111111")["error"]
    assert (error["code"], error["decline_code"]) == ("card_declined", "test_mode_live_card")
    expect(frame(page).get_by_role("alert").filter(has_text="test mode")).to_be_visible()


def test_a_test_number_is_filled_in_by_choosing_it(page: Page) -> None:
    frame(page).get_by_text("Stripe stand-in: no money moves").click()
    frame(page).get_by_role("button", name="4000 0000 0000 0002").click()
    eventually(lambda: page.evaluate("events.at(-1)?.[1].complete"))


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_frame_is_as_high_as_its_content(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("elements.submit()")
    frame(page).get_by_text("Stripe stand-in: no money moves").click()
    inner = frame(page).locator("html")
    eventually(
        lambda: (
            inner.evaluate("root => root.scrollHeight - root.clientHeight") == 0
            and inner.evaluate("root => root.scrollWidth - root.clientWidth") == 0
        )
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_wears_what_the_page_asks_for(page: Page) -> None:
    colour = "input => getComputedStyle(input).backgroundColor"
    number = frame(page).get_by_label("Card number")
    assert number.evaluate(colour) == "rgb(255, 255, 255)"
    page.evaluate("elements.update({ appearance: { theme: 'night' } })")
    eventually(lambda: number.evaluate(colour) == "rgb(48, 49, 61)")
    page.evaluate("elements.update({ appearance: { variables: { colorBackground: '#fafafa' } } })")
    eventually(lambda: number.evaluate(colour) == "rgb(250, 250, 250)")


def test_a_stranger_gets_no_answer_from_the_frame(page: Page, stripe_stand_in: StripeApi) -> None:
    """A frame that was told another page's origin does not hear this one."""
    heard = page.evaluate(
        """async (api) => {
          const heard = [];
          addEventListener("message", (event) => heard.push(event.data));
          const frame = document.createElement("iframe");
          frame.src = `${api}/element#${encodeURIComponent("https://shop.example")}`;
          document.body.append(frame);
          await new Promise((loaded) => { frame.onload = loaded; });
          const message = { kind: "stripe-stand-in", type: "submit", id: "1" };
          frame.contentWindow.postMessage(message, "*");
          element.focus();
          await elements.submit();
          return heard.filter((message) => message.id === "1");
        }""",
        stripe_stand_in.base,
    )
    assert heard == []


# What it refuses


# fmt: off
WRONG_CALLS = [
    ("Stripe('')", "publishable key"),
    ("Stripe('sk_test_1')", "secret key"),
    ("Stripe('pk_live_1')", "pk_test_"),
    ("stripe.elements({mode:'payment',amount:1,currency:'eur',paymentMethodTypes:['card']})",
     "allowedPaymentMethodTypes"),
    ("stripe.elements({mode:'payment',amount:1,currency:'eur',colour:'red'})", "colour"),
    ("stripe.elements({mode:'setup',currency:'eur'})", "payment"),
    ("stripe.elements({mode:'payment',currency:'eur'})", "amount"),
    ("elements.update({amount: 49.9})", "integer"),
    ("elements.create('card')", "card"),
    ("element.on('paid', () => {})", "paid"),
    ("stripe.createConfirmationToken({elements})", "elements.submit() must be called"),
    ("stripe.retrievePaymentIntent('pi_1')", "client secret"),
]
# fmt: on


def test_a_wrong_call_throws_an_integration_error(page: Page) -> None:
    for call, said in WRONG_CALLS:
        message = refused(page, call)
        assert message.startswith("IntegrationError") and said in message, call


def test_what_the_element_does_not_ask_for_has_to_come_with_the_token(page: Page) -> None:
    page.evaluate(
        """() => {
          element.destroy();
          window.element = elements.create("payment", {
            fields: { billingDetails: { address: { country: "never", postalCode: "never" } } },
          });
          element.mount("#payment");
        }"""
    )
    fill(page, "4242424242424242")
    page.evaluate("elements.submit()")
    message = refused(page, "stripe.createConfirmationToken({ elements })")
    assert "address.country" in message
    given = """{ payment_method_data: {
      billing_details: { address: { country: "DE", postal_code: "10115" } } } }"""
    assert "confirmationToken" in make_token(page, "4242424242424242", given)


# The next action


def waiting_intent(
    page: Page, api: StripeApi, number: str = "4000000000003220"
) -> stripe.PaymentIntent:
    token = make_token(page, number)["confirmationToken"]["id"]
    waiting = api.confirm(api.intent(), confirmation_token=token)
    assert waiting.next_action is not None and waiting.next_action.type == "use_stripe_sdk"
    return waiting


def handle_next_action(page: Page, intent: stripe.PaymentIntent) -> FrameLocator:
    page.evaluate(
        """(clientSecret) => { window.outcome = stripe.handleNextAction({ clientSecret }); }""",
        intent.client_secret,
    )
    return page.frame_locator("dialog iframe")


def test_approving_at_the_bank_pays(page: Page, stripe_stand_in: StripeApi) -> None:
    waiting = waiting_intent(page, stripe_stand_in)
    bank = handle_next_action(page, waiting)
    expect(bank.get_by_text("€49.90 EUR")).to_be_visible()
    # Neither Escape nor a message that is not the bank's gets rid of the question.
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.evaluate("postMessage({ kind: 'stripe-stand-in', type: 'done' }, '*')")
    bank.get_by_role("button", name="Approve").click()
    outcome = page.evaluate("outcome")
    assert outcome["paymentIntent"]["status"] == "succeeded"
    assert page.locator("dialog").count() == 0
    assert stripe_stand_in.retrieve(waiting).status == "succeeded"


def test_declining_at_the_bank_is_an_error_and_another_card_can_pay(
    page: Page, stripe_stand_in: StripeApi
) -> None:
    waiting = waiting_intent(page, stripe_stand_in)
    handle_next_action(page, waiting).get_by_role("button", name="Decline").click()
    error = page.evaluate("outcome")["error"]
    assert error["code"] == "payment_intent_authentication_failure"
    assert error["payment_intent"]["status"] == "requires_payment_method"
    token = make_token(page, "4242424242424242")["confirmationToken"]["id"]
    paid = stripe_stand_in.confirm(waiting, confirmation_token=token)
    assert paid.status == "succeeded"


def test_a_decline_after_the_banks_yes_is_an_error_too(
    page: Page, stripe_stand_in: StripeApi
) -> None:
    waiting = waiting_intent(page, stripe_stand_in, "4000008400001629")
    handle_next_action(page, waiting).get_by_role("button", name="Approve").click()
    assert page.evaluate("outcome")["error"]["code"] == "card_declined"


def test_a_redirect_goes_to_the_bank_and_comes_back(
    page: Page, stripe_stand_in: StripeApi, shop: ShopPage
) -> None:
    waiting = stripe_stand_in.confirm(
        stripe_stand_in.intent(),
        "pm_card_threeDSecure2Required",
        return_url=f"{shop.origin}/orders/1/",
    )
    page.evaluate(
        "(clientSecret) => { stripe.handleNextAction({ clientSecret }); }", waiting.client_secret
    )
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(re.compile(re.escape(shop.origin) + r"/orders/1/\?payment_intent=pi_.*"))
    assert "redirect_status=succeeded" in page.url
    eventually(lambda: page.evaluate("events.some(([name]) => name === 'ready')"))


def test_without_a_next_action_there_is_nothing_to_handle(
    page: Page, stripe_stand_in: StripeApi
) -> None:
    paid = stripe_stand_in.confirm(stripe_stand_in.intent())
    message = refused(page, f"stripe.handleNextAction({{ clientSecret: '{paid.client_secret}' }})")
    assert "not in the requires_action state" in message
    seen = page.evaluate(
        "(clientSecret) => stripe.retrievePaymentIntent(clientSecret)", paid.client_secret
    )
    assert seen["paymentIntent"]["status"] == "succeeded"
