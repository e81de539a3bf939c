"""Lists of the back office answer what their pages offer, and nothing else.

Django's admin narrows a list by any lookup of its model that an address names:
``?password__regex=`` reads a hash sign by sign, and one regular expression holds SQLite, and with
it every thread of the process. Of an admin that is registered with ``MerchantSite`` a list answers

- the parameters of its own filters (``list_filter``, ``date_hierarchy``), each at most once,
- an order by its own columns, a page that there is, and a search of bounded length,

on its page, in its exports and in pop-ups alike. All else raises ``NotOffered``, which the site
answers: the list with a sentence and without what it does not know, and 400 for a file, which
must not hold more rows than were asked for.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import FieldListFilter, ListFilter
from django.contrib.admin.exceptions import DisallowedModelAdminToField
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import DataError
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime

from shop.core.error_views import bad_request
from shop.core.unreadable import Unreadable
from shop.core.wall_time import is_in_range

logger = logging.getLogger(__name__)

#: The longest text to search for, and the most words of it: each is compared with every row.
MOST_SEARCHED, MOST_WORDS = 100, 10
#: The longest value of a filter: an instant with its offset, or the slug of a sale.
MOST_OF_A_VALUE = 200

#: Parameters of a search: of a list, and of a field that completes what is typed.
_SEARCHES = (SEARCH_VAR, "term")
_NAMED, _LONGEST_NAME = 3, 40
_COLUMN = re.compile(r"-?(\d{1,3})", re.ASCII)
#: What a filter raises for a value that its column cannot have.
_WRONG_VALUE = (IncorrectLookupParameters, ValueError, OverflowError, DataError)

type View = Callable[..., HttpResponseBase]


class NotOffered(Unreadable):
    """An address asks a list for what its page does not offer; the text is a sentence.

    ``names`` are the parameters to leave out.
    """

    def __init__(self, sentence: str, *names: str) -> None:
        super().__init__(sentence)
        self.names = frozenset(names)


class OfferedChangeList(ChangeList):
    """A list that is narrowed, ordered and paged by what its page offers.

    :raises NotOffered: the address asks for anything else
    """

    #: For the search field of the page.
    most_searched = MOST_SEARCHED
    _is_offered = False

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(request, *args, **kwargs)
            self._compile()
        except DisallowedModelAdminToField:
            raise NotOffered("Rows are chosen here by their keys alone.", TO_FIELD_VAR) from None
        except _WRONG_VALUE as error:
            names = self.get_filters_params()
            if not names:
                raise
            raise NotOffered("A filter of this list has no such value.", *names) from error

    def get_filters(self, request: HttpRequest) -> Any:
        """Django's filters, once it is sure that the page offers what is asked for."""
        if not self._is_offered:
            self._check(request, self.get_filters_params())
            self._is_offered = True
        return super().get_filters(request)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """The order of the rows."""
        if not self._is_order(self.params.get(ORDER_VAR, "")):
            raise NotOffered("This list is ordered by its own columns.", ORDER_VAR)
        return super().get_ordering(request, queryset)

    def get_results(self, request: HttpRequest) -> None:
        """Read one page of the list."""
        try:
            super().get_results(request)
        except IncorrectLookupParameters:
            raise NotOffered("This list has no such page.", PAGE_VAR) from None

    def _check(self, request: HttpRequest, asked: Mapping[str, list[str]]) -> None:
        # Not even asked for, where nothing is to be filtered: filters read their choices.
        if not asked:
            return
        filters = list(self._filters(request))
        offered = {name for each in filters for name in each.expected_parameters()}
        if self.date_hierarchy:
            offered |= {f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day")}
        if unknown := sorted(asked.keys() - offered):
            named = ", ".join(name[:_LONGEST_NAME] for name in unknown[:_NAMED])
            raise NotOffered(f"This list has no filter {named}.", *unknown)
        if wrong := [name for name, values in asked.items() if not _is_one_value(values)]:
            raise NotOffered("A filter of this list takes one value, and a short one.", *wrong)
        instants = asked.keys() & {name for each in filters for name in _instants_of(each)}
        if wrong := [name for name in instants if not _is_instant(asked[name][0])]:
            raise NotOffered("A filter of this list has no such value.", *wrong)

    def _filters(self, request: HttpRequest) -> Iterator[ListFilter]:
        """The filters on the page, as ``ChangeList.get_filters`` makes them, of no parameters.

        One that has nothing to choose from is not on it, and Django leaves its parameters out.
        """
        declared: Sequence[Any] = self.list_filter
        for each in declared:
            if callable(each):
                made = each(request, {}, self.model, self.model_admin)
            else:
                is_pair = isinstance(each, (list, tuple))
                named, kind = each if is_pair else (each, FieldListFilter.create)
                field = get_fields_from_path(self.model, named)[-1]
                made = kind(field, request, {}, self.model, self.model_admin, field_path=named)
            if made is not None and made.has_output():
                yield made

    def _is_order(self, order: str) -> bool:
        """Whether each part is the number of a column, and no column comes twice."""
        if not order:
            return True
        parts = order.split(".", len(self.list_display))
        columns = {int(found[1]) for part in parts if (found := _COLUMN.fullmatch(part))}
        return len(columns) == len(parts) and max(columns) < len(self.list_display)

    def _compile(self) -> None:
        """Convert the values as the database gets them: a file reads its rows only later."""
        with suppress(EmptyResultSet):
            self.queryset.query.sql_with_params()


class OfferedLookups:
    """What ``MerchantSite`` mixes into every admin that is registered with it."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The admin's own class of list, which answers what its page offers."""
        made: type[ChangeList] = super().get_changelist(request, **kwargs)  # type: ignore[misc]
        if issubclass(made, OfferedChangeList):
            return made
        return type(made.__name__, (OfferedChangeList, made), {})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """:raises NotOffered: the text to search for is too long"""
        if len(search_term) > MOST_SEARCHED or len(search_term.split()) > MOST_WORDS:
            sentence = f"Search for {MOST_SEARCHED} characters and {MOST_WORDS} words at most."
            raise NotOffered(sentence, *_SEARCHES)
        found: tuple[QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
            request, queryset, search_term
        )
        return found

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Whether rows may be named by that field: by their key, and by no other column."""
        admin: Any = self
        return bool(to_field == admin.opts.pk.name)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The form; :raises NotOffered: it is sent as a copy, and has no such button"""
        admin: Any = self
        if "_saveasnew" in request.POST and not admin.save_as:
            raise NotOffered("This form has no button that saves a copy.")
        page: HttpResponseBase = super().changeform_view(  # type: ignore[misc]
            request, *args, **kwargs
        )
        return page

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing: no page of ours links to a form with what to write in it."""
        return {}

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponseBase | None:
        """Do what was chosen to do with rows, whose keys are keys."""
        admin: Any = self
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(_is_key(admin.opts.pk, each) for each in chosen):
            text = "What was chosen is no row of this list: choose again. Nothing was done."
            admin.message_user(request, text, messages.ERROR)
            return None
        done: HttpResponseBase | None = super().response_action(  # type: ignore[misc]
            request, queryset, *args, **kwargs
        )
        return done


def offering(admin_class: type[Any]) -> type[Any]:
    """An admin class whose lists answer what they offer."""
    if issubclass(admin_class, OfferedLookups):
        return admin_class

    class Offering(OfferedLookups, admin_class):  # type: ignore[misc]
        __doc__ = admin_class.__doc__

    Offering.__name__, Offering.__qualname__ = admin_class.__name__, admin_class.__qualname__
    Offering.__module__ = admin_class.__module__
    return Offering


def answer_not_offered(view: View) -> View:
    """A view of the back office that answers ``NotOffered`` in words."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotOffered as refused:
            return _refuse(request, refused)
        except DisallowedModelAdminToField:
            return _refuse(request, NotOffered("Rows are chosen here by their keys alone."))

    return answer


def _refuse(request: HttpRequest, refused: NotOffered) -> HttpResponseBase:
    """The list without what it does not offer; of any other page, 400."""
    names = sorted(name[:_LONGEST_NAME] for name in refused.names & request.GET.keys())
    logger.warning(
        "lookup refused: by=%s path=%s names=%s", request.user, request.path, names[:_NAMED]
    )
    match = request.resolver_match
    if not names or match is None or not (match.url_name or "").endswith("_changelist"):
        return bad_request(request, refused)
    left = request.GET.copy()
    for name in refused.names & left.keys():
        del left[name]
    messages.warning(request, f"{refused} The list is shown without it.")
    return redirect(f"{request.path}?{left.urlencode()}" if left else request.path)


def _instants_of(made: ListFilter) -> Iterator[str]:
    """The parameters of a filter that compare a column of instants."""
    if isinstance(getattr(made, "field", None), DateTimeField):
        for name in made.expected_parameters():
            if name and not name.endswith("__isnull"):
                yield name


def _is_instant(text: str) -> bool:
    """Whether a text is an instant with its offset, as the links of filters have it."""
    try:
        instant = parse_datetime(text)
    except ValueError:
        return False
    # SQLite fails on instants at the ends of the calendar.
    return instant is not None and instant.tzinfo is not None and is_in_range(instant)


def _is_one_value(values: list[str]) -> bool:
    return len(values) == 1 and len(values[0]) <= MOST_OF_A_VALUE


def _is_key(column: Any, text: str) -> bool:
    try:
        column.clean(text, None)
    except ValidationError:
        return False
    return True
