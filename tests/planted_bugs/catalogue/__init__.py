"""The planted bugs, by the part of the shop that they are in."""

from tests.planted_bugs.catalogue import (
    bag,
    checkout,
    database,
    keys,
    merchant,
    offers,
    orders,
    outages,
    overload,
    payments,
    rebuild,
    reconcile,
    restore,
    sales,
    staff,
)

#: All of them, in the order of the table.
BUGS = (
    *offers.BUGS,
    *keys.BUGS,
    *sales.BUGS,
    *bag.BUGS,
    *checkout.BUGS,
    *orders.BUGS,
    *payments.BUGS,
    *reconcile.BUGS,
    *restore.BUGS,
    *rebuild.BUGS,
    *merchant.BUGS,
    *staff.BUGS,
    *outages.BUGS,
    *overload.BUGS,
    *database.BUGS,
)
