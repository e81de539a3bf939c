import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from shop.core.postgresql.time_limits import limit_waits

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = get_wsgi_application()
# Who serves people gives up on a database that does not answer; a migration would not.
limit_waits(settings.DATABASE_TIMEOUT_SECONDS)
