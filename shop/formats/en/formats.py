"""How Django's own pages write dates and times: short, and without doubt about the month.

Times that people read are written by ``shop.core.formatting``: of a time that comes twice Django
writes no offset, not even where a format asks for it.
"""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
