"""Rehearsing a sale before it runs: every boundary, on the real pages, bag, checkout and payment.

Two processes. The one that is asked (``manage.py rehearse``) reads the sale's
rows, once (``script``), and starts the other (``theatre``) with nothing of its
own environment: keys, issuer, database and Stripe stand-in are all made for
the occasion. There the rows are loaded (``stage``), time stands still and is
moved (``walk``), and what pages promise is held against what the bag and
checkout answer (``expectations``).

What is expected comes from the page and from the rows of extensions and
recalls. It never comes from ``offers.anchors.judge``, which is on trial here.
"""
