"""The webhook: where Stripe's events arrive."""

import logging
from hashlib import sha256

from django.http import HttpResponse
from django.utils.log import log_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.core.requests import ShopRequest
from shop.payments import event_inbox, webhooks
from shop.payments.event_facts import MalformedEvent, is_untold

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def webhook(request: ShopRequest) -> HttpResponse:
    """Store an event of Stripe and answer; what Stripe did not sign, or is no event, is refused."""
    try:
        event = webhooks.read_event(request.body, request.headers.get("Stripe-Signature", ""))
        row = event_inbox.store(event, request.now)
    except webhooks.NotFromStripe:
        return HttpResponse("Not signed by Stripe.", status=400, content_type="text/plain")
    except MalformedEvent as problem:
        return _refuse(request, problem)
    event_inbox.process_soon(row, request.now)
    return HttpResponse("Thank you.", content_type="text/plain")


def _refuse(request: ShopRequest, problem: MalformedEvent) -> HttpResponse:
    """400; Stripe sends it again for days, and the log has it once."""
    text = f"Not an event: {problem}."
    response = HttpResponse(text, status=400, content_type="text/plain")
    log_response(
        "A signed event of Stripe's is malformed: %s",
        problem,
        response=response,
        request=request,
        logger=logger,
        level="error" if is_untold(sha256(request.body).hexdigest()) else "debug",
    )
    return response
