"""The walk: all that the shop says of time and money, against what is true.

``events`` are what the merchant and the shoppers did. ``account`` and ``sums`` work out
from them what follows, by other means than the shop: they never ask its judge, its
showcase or its money. ``blocks`` and ``readers`` turn a page, a mail or a file into
statements: this sale closes then, this line costs that. ``truth`` says which of them
are true at an instant, and ``walker`` visits the ``places``. What nobody has taught
the readers to understand, and what is not true, is a finding.
"""
