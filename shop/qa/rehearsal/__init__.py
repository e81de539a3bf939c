"""Rehearsal of a sale: every boundary, on the real pages, bag, checkout and payment.

``sale_export`` reads the sale's rows once. ``isolated_process`` starts a process
with keys, issuer, database and Stripe stand-in of its own. There
``temporary_database`` loads the rows, and ``runner`` runs each of the ``scenarios``.
Those with a timeline (``scenario``) move the clock from instant to instant and
compare the verdicts of the bag and checkout with those of the ``oracle``, which
knows the page and the merchant's actions, and never asks ``offers.anchors.judge``,
the code under test. The others (``purchases``) let a few customers order, pay and
return things step by step. ``charge_oracle`` knows shipping and tax.
"""
