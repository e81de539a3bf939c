"""The parameters that Stripe takes for a PaymentIntent."""

from . import payment_methods
from .forms import (
    EXPAND,
    SHIPPING,
    Form,
    boolean,
    choice,
    metadata,
    nested,
    optional_text,
    positive,
    required,
    several,
    text,
    url,
)

CONFIRMABLE = ("requires_payment_method", "requires_confirmation")
CANCELABLE = (*CONFIRMABLE, "requires_action", "requires_capture")
_ONLINE = Form(ip_address=text, user_agent=text)
_ACCEPTANCE = Form(type=required(choice("online")), online=nested(_ONLINE))
_CONFIRMING = {
    "confirmation_token": text,
    "payment_method": text,
    "return_url": url,
    "use_stripe_sdk": boolean,
    "receipt_email": optional_text,
    "shipping": nested(SHIPPING),
    "mandate_data": nested(Form(customer_acceptance=required(nested(_ACCEPTANCE)))),
}
_TYPES = several(choice(*payment_methods.TYPES))
CREATE = Form(
    **EXPAND,
    **_CONFIRMING,
    amount=required(positive),
    currency=required(text),
    confirm=boolean,
    allowed_payment_method_types=_TYPES,
    automatic_payment_methods=nested(
        Form(enabled=required(boolean), allow_redirects=choice("always", "never"))
    ),
    description=optional_text,
    metadata=metadata,
    statement_descriptor_suffix=optional_text,
    # Read so that it can be refused by its own name, as Stripe does since 2026-09-30.endive.
    payment_method_types=several(text),
)
UPDATE = Form(
    **EXPAND,
    amount=positive,
    description=optional_text,
    metadata=metadata,
    receipt_email=optional_text,
    shipping=nested(SHIPPING),
    statement_descriptor_suffix=optional_text,
)
RETRIEVE = Form(**EXPAND, client_secret=text)
RETRIEVE_PUBLIC = Form(**EXPAND, client_secret=required(text))
CONFIRM = Form(**EXPAND, **_CONFIRMING)
CANCEL = Form(
    **EXPAND,
    cancellation_reason=choice("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
)
