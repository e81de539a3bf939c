"""The webhook: where Stripe's events arrive."""

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.core.requests import ShopRequest
from shop.payments import event_inbox, webhooks


@csrf_exempt
@require_POST
def webhook(request: ShopRequest) -> HttpResponse:
    """Store an event of Stripe and answer; what Stripe did not sign is refused."""
    try:
        event = webhooks.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except webhooks.NotFromStripe:
        return HttpResponse("Not signed by Stripe.", status=400, content_type="text/plain")
    event_inbox.process_soon(event_inbox.store(event, request.now))
    return HttpResponse("Thank you.", content_type="text/plain")
