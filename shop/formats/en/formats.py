"""How Django's own pages write dates and times: short, and without doubt about month and offset.

The shop's pages use ``shop.core.formatting``.
"""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i T"
TIME_FORMAT = "H:i"
