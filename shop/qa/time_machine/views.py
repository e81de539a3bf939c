"""The clock's panel for people, and its JSON API for other test tools."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from shop.core.responses import see_other
from shop.qa.time_machine import boundaries, clock_file, json_api
from shop.qa.time_machine.forms import STEPS, ClockForm

#: How many sales the panel lists.
MOST_SALES = 12


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def panel(request: HttpRequest) -> HttpResponse:
    """The clock and its controls; a button of the bar leads back to its page."""
    reading = clock_file.read()
    form = ClockForm(request.POST if request.method == "POST" else None, shown=reading.at)
    if form.is_valid():
        try:
            clock_file.change(move=form.move, is_running=form.is_running)
        except clock_file.OutOfRange as error:
            form.add_error("at", str(error))
        else:
            return see_other(_return_path(request))
    context = {
        "form": form,
        # A refused form keeps what was typed; a refused button leaves what the clock shows.
        "jump": form if form.data.get("at") else ClockForm(shown=reading.at),
        "clock": reading,
        "second": reading.at.replace(microsecond=0),
        "steps": STEPS,
        "next": boundaries.next_boundary(reading.at),
        "previous": boundaries.previous_boundary(reading.at),
        "sales": boundaries.sales_by_distance(reading.at, MOST_SALES),
    }
    return render(request, "qa/panel.html", context, status=422 if form.errors else 200)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def clock_api(request: HttpRequest) -> HttpResponse:
    """Read the clock, or set it: once this has answered, every process obeys.

    JSON needs no CSRF token: a page of another site cannot send it unasked.
    """
    if request.method != "POST":
        return JsonResponse(json_api.as_json(clock_file.read()))
    if request.content_type != "application/json":
        return _refuse_other_types(request)
    try:
        move, is_running = json_api.read_change(request.body)
        reading = clock_file.change(move=move, is_running=is_running)
    except (json_api.InvalidChange, clock_file.OutOfRange) as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse(json_api.as_json(reading))


@csrf_protect
def _refuse_other_types(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"error": "Send application/json."}, status=415)


def _return_path(request: HttpRequest) -> str:
    path = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if path.startswith("/") and is_ours else request.path
