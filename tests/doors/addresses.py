"""Every address of the shop, how to fill it, and what each does with a method."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

#: Doors that are not the back office's: the methods that they take besides HEAD and OPTIONS.
#: ``tests/staff/test_roles.py`` has the back office's. An address that is in neither fails a test.
PUBLIC: Mapping[str, frozenset[str]] = {
    "sales:home": frozenset({"get"}),
    "sales:sale": frozenset({"get"}),
    "sales:reminder": frozenset({"get"}),
    "sales:product": frozenset({"get"}),
    "bag:show": frozenset({"get"}),
    "bag:add": frozenset({"post"}),
    "bag:update": frozenset({"post"}),
    "bag:remove": frozenset({"post"}),
    "checkout:checkout": frozenset({"get", "post"}),
    "checkout:fields": frozenset({"post"}),
    "checkout:mine": frozenset({"get"}),
    "checkout:order": frozenset({"get", "post"}),
    "checkout:evidence": frozenset({"get"}),
    "checkout:cancel": frozenset({"post"}),
    "stripe/webhook/": frozenset({"post"}),
    "offers:jwks": frozenset({"get"}),
    "media/<path:path>": frozenset({"get"}),
    "csp_reports": frozenset({"post"}),
    "security_txt": frozenset({"get"}),
    "healthz": frozenset({"get"}),
    "readyz": frozenset({"get"}),
}

#: What these are sent comes from no page of ours, so there is no token: Stripe signs its events,
#: and a browser's report is counted and forgotten.
WITHOUT_TOKEN = frozenset({"stripe/webhook/", "csp_reports"})


@dataclass(frozen=True)
class Door:
    """An address by its name, or by its route where it has none."""

    name: str
    route: str
    pattern: URLPattern

    @property
    def is_back_office(self) -> bool:
        return self.route.startswith("merchant/")

    @property
    def parameters(self) -> frozenset[str]:
        """The names of the parts of its path that vary."""
        return frozenset(self.pattern.pattern.regex.groupindex)

    def path(self, values: Mapping[str, Any]) -> str:
        """Its path with these values.

        :raises LookupError: a part of the path has no value: say in ``Filling`` what fits
        """
        if missing := self.parameters - values.keys():
            raise LookupError(f"Nothing fits {sorted(missing)} of {self.name}: add it to the rows.")
        kwargs = {each: values[each] for each in self.parameters}
        try:
            return reverse(self.name, kwargs=kwargs)
        except NoReverseMatch:
            # It has no name: its route is the path.
            path = self.route.replace("(?P<url>.*)$", "no/such/page/")
            for each, value in kwargs.items():
                path = path.replace(f"<path:{each}>", str(value))
            return f"/{path}"


def doors() -> Iterator[Door]:
    """Every address that the URL resolver knows."""
    yield from _doors(get_resolver(), "", ())


def _doors(resolver: URLResolver, before: str, spaces: tuple[str, ...]) -> Iterator[Door]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            inner = (*spaces, each.namespace) if each.namespace else spaces
            yield from _doors(each, route, inner)
        else:
            yield Door(":".join((*spaces, each.name)) if each.name else route, route, each)
