"""The shop as a WSGI application: what every web process runs."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.utils import timezone

from shop.core.local_visitors import local_visitors_only
from shop.core.postgresql.time_limits import limit_waits
from shop.core.unreadable import with_readable_type
from shop.core.wsgi_refusals import Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application: Application = with_readable_type(get_wsgi_application())
if settings.DEVELOPMENT_SETTINGS:
    # Nobody tells it where the server that imports it listens.
    application = local_visitors_only(application)
# Who serves people gives up on a database that does not answer; a migration would not.
limit_waits(settings.DATABASE_TIMEOUT_SECONDS)


def _begin() -> None:
    """Say what is in the way, and keep on record what this process may promise."""
    # Their models need the apps, which are there now.
    from shop.operations.doctor import log_obstacles
    from shop.sales.list_terms import record_list_terms

    now = timezone.now()  # noqa: TID251
    if not log_obstacles(now):
        record_list_terms(now)
    # A server may fork now, and no two processes may use one connection.
    connections.close_all()


_begin()
