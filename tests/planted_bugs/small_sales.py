"""Small sales for rehearsals, documents of ``load_sale``: a quarter of an hour, years from now."""

from typing import Any

_WINDOW = {
    "title": "Small sale",
    "time_zone": "Europe/Berlin",
    "starts_at": "2050-11-25T12:00:00+01:00",
    "ends_at": "2050-11-25T12:15:00+01:00",
    "hold_seconds": 1800,
    "published": True,
}
_MUG = {
    "sku": "MUG-01",
    "name": "Mug",
    "list_price": 4990,
    "price": 499,
    "currency": "EUR",
    "stock": 100,
    "max_per_shopper": 2,
}
_LAMP = {**_MUG, "sku": "LMP-01", "name": "Lamp", "list_price": 7900, "price": 790}
_TEE = {
    **{name: value for name, value in _MUG.items() if name != "stock"},
    "sku": "TEE-01",
    "name": "Tee",
    "list_price": 2500,
    "price": 990,
    "variants": [{"sku": f"TEE-01-{size}", "name": size, "stock": 20} for size in ("S", "M")],
}
#: At 20 percent there is half a cent of tax in it: 82.5.
_BOWL = {**_MUG, "price": 495}
#: Three decimals, of which the last is 0: 1.230 KWD.
_PERFUME = {**_MUG, "price": 1230, "list_price": 4990, "currency": "KWD"}


def _sale(slug: str, *deals: dict[str, Any]) -> dict[str, Any]:
    return {**_WINDOW, "slug": slug, "deals": deals}


SMALL_SALES = {
    each["slug"]: each
    for each in (
        _sale("mug", _MUG),
        _sale("pair", _MUG, _LAMP),
        _sale("sizes", _TEE),
        _sale("taxed", _BOWL),
        _sale("shipped", _MUG),
        _sale("dinars", _PERFUME),
        {**_sale("short", _MUG), "hold_seconds": 300},
        # These ``rehearsing`` changes: one is extended half-way through, and the product of the
        # other is not sold at its list price.
        _sale("extended", _MUG),
        _sale("alone", _MUG),
        # Its holds end in the hour that comes twice.
        {
            **_sale("night", _MUG),
            "starts_at": "2050-10-30T02:40:00+02:00",
            "ends_at": "2050-10-30T02:55:00+02:00",
        },
    )
}
#: Settings of the shop, by sale. Two mugs are shipped for nothing.
SETTINGS = {
    "taxed": {"TAX_PERCENT": "20"},
    "shipped": {"SHIPPING_FLAT": "490", "SHIPPING_FREE_FROM": "998"},
}
