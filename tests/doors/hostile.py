"""What somebody with tools sends: values, queries, headers and bodies that no browser makes."""

from collections.abc import Mapping
from typing import Any

#: Values for a field or a parameter, by what is wrong with them.
VALUES: Mapping[str, str] = {
    "nothing": "",
    "a NUL": "a\0b",
    "text": "text",
    "a lone surrogate": "\ud800",
    "a sign of four bytes": "\U0001f9ca" * 40,
    "more than 64 bits": "9" * 40,
    "just more than 64 bits": str(2**63),
    "below 64 bits": str(-(2**63) - 1),
    "a float": "1e999",
    "not a number": "nan",
    "digits of another script": "١٢٣",
    "a long text": "x" * 5000,
    "lines": "a\r\nSet-Cookie: b=c",
    "a lookup": "__regex",
    "a formula": "=cmd|'/C calc'!A0",
    "a script": "<script>alert(1)</script>",
    "an instant that is none": "2026-02-30T25:61",
    "the end of time": "9999-12-31T23:59:59",
    "a list": "[1, {}]",
}

#: Parts of a path: percent-encoded, as they are.
PATH_PARTS = (
    "%00",
    "%FF%FE",
    "%ED%A0%80",
    "9" * 40,
    str(2**63),
    "-1",
    "..%2f..%2fetc%2fpasswd",
    "x" * 3000,
    "%0d%0aSet-Cookie:a=b",
    "_3A_5F",
    "2026-02-30T25:61:00Z",
)

#: Parameters of a query which the admin, its lists and our pages know, and which they do not.
PARAMETERS = (
    "nope", "e", "o", "p", "q", "all", "_popup", "_to_field", "_changelist_filters", "_facets",
    "format", "next", "page", "at", "sale", "ids", "term", "app_label", "model_name", "field_name",
    "pk__in", "id__gt", "id__regex", "text__regex", "password__regex", "title__regex",
    "sale__title__contains", "product__deals__sale__title__regex", "user__password__startswith",
    "date_joined__year", "drf__0", "import_file_name",
)  # fmt: skip

#: Whole queries.
QUERIES = (
    "?%FF=%FE",
    "?%00=%00",
    "?q=%ED%A0%80",
    "?p=-1&o=99999999999999999999.-1",
    "?o=1.2.3.4.5.6.7.8.-9&p=0",
    "?e=1&nope=1",
    "?_to_field=password",
    "?_changelist_filters=%25%FF%00",
    "?" + "&".join(f"a{n}=1" for n in range(1200)),
    "?text__regex=^(.|.){24}!!$",
)

#: Headers of a request.
HEADERS: tuple[Mapping[str, str], ...] = (
    {"Host": "evil.example"},
    {"Host": "a b\t"},
    {"X-Forwarded-For": "not an address, ::::, 1.2.3.4.5"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
    {"Accept-Language": "x" * 3000},
    {"Accept": "\x00/\xff;q=nan"},
    {"Referer": "http://[::1"},
    {"Cookie": "shopper-[x]=1; shopper-=2; ;;=; sessionid"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Range": "bytes=9-1,-,5-"},
    {"If-None-Match": '"' * 100},
    {"If-Modified-Since": "Thu, 99 Foo 99999 99:99:99 GMT"},
    {"HX-Request": "true", "HX-Target": "\xff<script>", "HX-Current-URL": "http://[::1"},
    {"HX-Request": "true", "HX-Current-URL-URI-AutoEncoded": "true", "HX-Current-URL": "%FF%00"},
    {"Stripe-Signature": "t=,v1="},
    {"Stripe-Signature": "t=99999999999999999999999,v1=\xff"},
)

#: Values for a cookie of ours.
COOKIES = ("", "x", "a.b.c", "=" * 300, "eyJhbGciOiJub25lIn0..", "A" * 3900, '"\\054\\000"', "é")

#: Bodies of a POST: a content type, and the bytes.
BODIES: Mapping[str, tuple[str, bytes]] = {
    "JSON": ("application/json", b'{"offer": [null, {"a": 1e999}]}'),
    "JSON that is none": ("application/json", b"{" * 1000),
    "no type": ("", b"\xff\xfe\x00"),
    "bytes for a form": ("application/x-www-form-urlencoded", b"\xff=\xfe&%FF=%00&=&&;"),
    "another set of signs": ("application/x-www-form-urlencoded; charset=utf-7", b"+ADw-=1"),
    "no such set of signs": ("application/x-www-form-urlencoded; charset=nope", b"a=1"),
    "too many fields": (
        "application/x-www-form-urlencoded",
        b"&".join(b"f%d=1" % n for n in range(3000)),
    ),
    "parts without a boundary": ("multipart/form-data", b"--x\r\n"),
    "parts that do not end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
    ),
    "a part without a name": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
    ),
    "a part in base64 that is none": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="\x00../a"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x--\r\n",
    ),
    "too many files": (
        "multipart/form-data; boundary=x",
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="f%d"; filename="a"\r\n\r\n1\r\n' % n
            for n in range(150)
        )
        + b"--x--\r\n",
    ),
    "a boundary that is too long": ("multipart/form-data; boundary=" + "x" * 500, b"--"),
}


def fields_with(fields: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    """A form's fields with one of them hostile."""
    return {**fields, name: value}
