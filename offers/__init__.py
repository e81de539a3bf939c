"""Freeze and honor: signed, time-anchored offers.

An offer is a promise of a price, carried by the browser. This package signs
it (``tokens.sign_offer``), reads it (``tokens.read_offer``) and judges it
(``anchors.judge``). It has no models and no tables and imports no shop: any
Django project can freeze a price with it.

Modules, in the order to read them: ``verdicts``, ``terms``, ``signatures``,
``keys``, ``tokens``, ``anchors``; for pages with many offers ``prepared``; of
keys that change ``rotation``, ``key_set`` and ``key_file``; then the thin
Django glue: ``conf``, ``checks``, ``views``, ``urls`` and the ``offer_keys``
command.
"""
