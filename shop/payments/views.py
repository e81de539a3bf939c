"""The webhook: where Stripe's events arrive."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.payments import event_inbox, webhooks


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Stripe's events, written down and answered; anyone else's are refused."""
    try:
        event = webhooks.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except webhooks.NotFromStripe:
        return HttpResponse("Not signed by Stripe.", status=400, content_type="text/plain")
    event_inbox.process_soon(event_inbox.store(event, timezone.now()))
    return HttpResponse("Thank you.", content_type="text/plain")
