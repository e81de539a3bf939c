"""Settings, read once from the environment (and from ``.env``).

Every value has a safe default in development. In production (``DEBUG=0``)
``manage.py check --deploy`` names what is missing: see ``shop/checks.py``.
"""

import os
from collections.abc import Collection
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from shop.core.cookie_names import host_cookie
from shop.core.database_url import database_settings, sqlite_settings
from shop.core.environment import Environment
from shop.core.exposure import DEVELOPMENT_SECRET, held_to_this_machine, is_live_key
from shop.core.log_settings import LOGGING as LOGGING
from shop.core.mail_url import mail_settings
from shop.core.security_headers import REPORTS, REPORTS_PATH

env = Environment()

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_file(env.str("ENV_FILE", default=None), else_from=BASE_DIR / ".env")

# What a running shop writes: the SQLite database, uploaded pictures.
VAR = Path(env.str("VAR", default="var"))
if not VAR.is_absolute():
    VAR = BASE_DIR / VAR
try:
    VAR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"VAR={VAR} cannot be made: {error.strerror}.") from None

# --- The process --------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set: with DEBUG=0 it has to be given.")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"

INSTALLED_APPS = [
    "offers",
    "shop",
    "shop.staff",
    "shop.catalog",
    "shop.sales",
    "shop.orders",
    "shop.payments",
    "shop.bag",
    "shop.merchant.apps.MerchantConfig",
    "shop.qa",
    "shop.demo",
    "shop.operations",
    "django_htmx",
    "import_export",
    "shop.merchant.apps.MerchantAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "shop.core.cache_headers.CacheControlMiddleware",
    "shop.core.security_headers.SecurityHeadersMiddleware",
    "shop.core.client_address.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "shop.core.slashes.SlashMiddleware",
    "shop.core.middleware.SameOriginMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "shop.staff.middleware.StaffMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shop.core.unreadable.ReadableTextMiddleware",
    "shop.core.middleware.NowMiddleware",
    "shop.core.middleware.ShopperMiddleware",
    "shop.core.request_rates.RequestRateMiddleware",
    "shop.sales.middleware.UnavailableMiddleware",
    "shop.staff.log_in_backend.ThrottleMiddleware",
    "shop.staff.devices.DeviceMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["shop.templatetags.shop"],
            "context_processors": [
                "django.template.context_processors.request",
                "shop.core.form_token.context_processor",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.bag.context_processors.shop",
            ],
        },
    },
]

# --- The database: what was bought --------------------------------------------

_database_url = env.str("DATABASE_URL", default=None)
# How long a request waits for the database, in seconds.
DATABASE_TIMEOUT_SECONDS = env.seconds("DATABASE_TIMEOUT_SECONDS", default=5)
DATABASES = {
    "default": sqlite_settings(VAR / "shop.sqlite3", timeout=DATABASE_TIMEOUT_SECONDS)
    if _database_url is None
    else database_settings(_database_url, timeout=DATABASE_TIMEOUT_SECONDS)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if DATABASES["default"]["ENGINE"] == "shop.core.sqlite":
    # A file, not memory: the tests' servers and threads share it.
    DATABASES["default"]["TEST"] = {"NAME": VAR / f"test-{os.getpid()}.sqlite3"}

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

# --- Time, language, money ----------------------------------------------------

USE_TZ = True
TIME_ZONE = env.zone("TIME_ZONE", default="UTC")
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "shop.formats"
SHOP_NAME = env.str("SHOP_NAME", default="Flashfreeze")
# The shop's own address, for links in mails.
SHOP_URL = env.str("SHOP_URL", default="http://127.0.0.1:8000").rstrip("/")
SHOP_CURRENCY = env.str("SHOP_CURRENCY", default="EUR")
# Where the shop is: a code of ISO 3166-1. Checkout begins with it.
SHOP_COUNTRY = env.str("SHOP_COUNTRY", default="DE")

# --- Offers, and other signed messages ----------------------------------------

OFFER_KEYS = env.str("OFFER_KEYS", default="")
# For shopper cookies, order links and all else: voiding offer keys closes no receipt.
SITE_KEYS = env.str("SITE_KEYS", default="")
OFFER_ISSUER = env.str("OFFER_ISSUER", default="http://localhost")
# Keys and issuer belong to a realm: what is signed in one is unknown in every other.
OFFER_REALM = ""
# So long a key has to verify what it signed.
OFFER_LATEST_END = "shop.sales.latest_end.latest_end"
# How long a list price is held, and how many units of it one bag takes.
LIST_HOLD_SECONDS = env.int("LIST_HOLD_SECONDS", default=1800)
LIST_MAX = env.int("LIST_MAX", default=10)
# How long the showcase may serve without its database, in seconds.
SHOWCASE_MAX_STALE = env.int("SHOWCASE_MAX_STALE", default=600)

# Seconds between two writes of refusal counts; 0: when the sale room is shown and at exit.
REFUSALS_WRITTEN_EVERY = env.int("REFUSALS_WRITTEN_EVERY", default=5)

# --- Payment ------------------------------------------------------------------

STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="").rstrip("/")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="sk_test_development" if DEBUG else "")
STRIPE_PUBLISHABLE_KEY = env.str(
    "STRIPE_PUBLISHABLE_KEY", default="pk_test_development" if DEBUG else ""
)
STRIPE_WEBHOOK_SECRET = env.str(
    "STRIPE_WEBHOOK_SECRET", default="whsec_development" if DEBUG else ""
)
# Cards, with their wallets. What settles in days keeps flash stock for days.
STRIPE_PAYMENT_METHOD_TYPES = env.list("STRIPE_PAYMENT_METHOD_TYPES", default=["card"])
# What a sale may take besides, where its merchant chooses so.
STRIPE_DELAYED_METHOD_TYPES = env.list("STRIPE_DELAYED_METHOD_TYPES", default=["sepa_debit"])
# How long to wait for an answer of Stripe, in seconds; it is asked twice.
STRIPE_TIMEOUT_SECONDS = env.seconds("STRIPE_TIMEOUT_SECONDS", default=10)
# Threads of a process for background tasks (Stripe's events, mails); with 0 each runs at once.
ASIDE_THREADS = env.int("ASIDE_THREADS", default=2)
TASKS = {"default": {"BACKEND": "shop.core.background.ThreadBackend"}}
# How long an unpaid order keeps what it claimed, in seconds.
CLAIM_SECONDS = env.int("CLAIM_SECONDS", default=600)
# Units of one product that a network (an IPv4 address, or the /64 of an IPv6 address) may keep
# unpaid, after a first attempt that failed or lasted a minute, before it is refused more; 0: any.
UNPAID_PER_NETWORK = env.int("UNPAID_PER_NETWORK", default=10)
# Shipping, in minor units of the shop's currency; free from a subtotal on, if given.
SHIPPING_FLAT = env.int("SHIPPING_FLAT", default=0)
SHIPPING_FREE_FROM = env.int("SHIPPING_FREE_FROM", default=0)
# The tax that prices and shipping include, such as 19 or 8.1; 0 tells of none.
TAX_PERCENT = env.str("TAX_PERCENT", default="0")
TAX_LABEL = env.str("TAX_LABEL", default="VAT")
# The function that computes shipping and tax: see shop/checkout/charge_rules.py.
CHARGE_RULES = env.str("CHARGE_RULES", default="shop.checkout.charge_rules.default_charges")

# --- Sessions: staff alone, in signed cookies ---------------------------------

SESSION_ENGINE = "shop.staff.session_cookies"
SESSION_COOKIE_HTTPONLY = True
# A session ends so long after the log-in, and so long after it was used last.
STAFF_SESSION_SECONDS = env.whole_seconds("STAFF_SESSION_SECONDS", default=12 * 3600)
SESSION_COOKIE_AGE = env.whole_seconds("STAFF_IDLE_SECONDS", default=3600)
# How long a password that was typed is good for sensitive actions: see shop/staff/confirmations.py.
STAFF_CONFIRM_SECONDS = env.whole_seconds("STAFF_CONFIRM_SECONDS", default=900)
# A refund is one from so much on (minor units of the order), an export from so many orders on.
CONFIRM_REFUNDS_FROM = env.int("CONFIRM_REFUNDS_FROM", default=10_000)
CONFIRM_EXPORTS_FROM = env.int("CONFIRM_EXPORTS_FROM", default=100)
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
AUTH_USER_MODEL = "staff.Staff"
LOGIN_URL = "admin:login"
# Where a log-in leads that names no page of ours to go on to.
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["shop.staff.log_in_backend.StaffBackend"]
# So many wrong passwords are free; each further one makes the next wait longer, up to so long.
LOGIN_TRIES = env.int("LOGIN_TRIES", default=5)
LOGIN_WAIT_SECONDS = env.int("LOGIN_WAIT_SECONDS", default=900)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Import needs the permission to change rows; export, to see them.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"

# --- Transport and browser ----------------------------------------------------

HTTPS = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz/?$", r"^readyz/?$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = host_cookie("sessionid", https=HTTPS)
CSRF_COOKIE_NAME = host_cookie("csrftoken", https=HTTPS)
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "shop.core.error_views.csrf_failure"
# Whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, networks, or "unix".
TRUSTED_PROXIES = env.proxies("TRUSTED_PROXIES")
# Pages with prices and requests of the bag that one network may send to a process: a second, and
# at once. All the phones of a carrier may be one network. 0 sets no bound.
NETWORK_RATE = env.int("NETWORK_RATE", default=100)
NETWORK_BURST = env.int("NETWORK_BURST", default=1000)
# ClientAddressMiddleware leaves this header to trusted proxies alone.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SECURE_CSP: dict[str, Collection[str] | str] = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    # Browsers that know report-to leave report-uri out.
    "report-to": [REPORTS],
    "report-uri": [REPORTS_PATH],
}

# The form of a sale has some fourteen fields for each deal: 350 of them.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# --- Files --------------------------------------------------------------------

# From the root: a relative one would get a preview's prefix, and its storage would keep it.
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Pictures whose form was refused: for a day, and served to nobody.
    "staged": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR / "staged-pictures")},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "shop.core.static_files.StaticFilesStorage"
    },
}

# --- Mail and log -------------------------------------------------------------

MAILERS = {"default": mail_settings(env.str("EMAIL_URL", default="consolemail://"))}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="orders@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Whom /.well-known/security.txt names: mail addresses, or https:, mailto: and tel: addresses.
SECURITY_CONTACTS = env.contacts("SECURITY_CONTACT", default=parseaddr(DEFAULT_FROM_EMAIL)[1])

# --- Development is for this machine alone (shop/core/exposure.py) ------------

# What of these settings is fit for development alone; refused where others are let in.
DEVELOPMENT_SETTINGS = held_to_this_machine(globals())

# --- The QA clock (docs/qa.md) ------------------------------------------------

QA_CLOCK = env.bool("QA_CLOCK", default=False)
QA_CLOCK_FILE = env.str("QA_CLOCK_FILE", default=str(VAR / "clock.json"))

if QA_CLOCK:
    if is_live_key(STRIPE_SECRET_KEY):
        raise ImproperlyConfigured(
            "QA_CLOCK is on and STRIPE_SECRET_KEY is a live one: "
            "no real money moves by a false clock. Set QA_CLOCK=0, or use a test key."
        )
    if not DEBUG and not env.bool("QA_CLOCK_IN_PRODUCTION", default=False):
        raise ImproperlyConfigured(
            "QA_CLOCK is on and DEBUG is off. Set QA_CLOCK=0; "
            "for a test shop in production settings, set QA_CLOCK_IN_PRODUCTION=1 as well."
        )
    # Offers and log-ins that are signed under it are void where time is real, and the reverse.
    SECRET_KEY = sha256(b"flashfreeze travelling clock\0" + SECRET_KEY.encode()).hexdigest()
    OFFER_REALM = "qa"
    MIDDLEWARE = [
        *MIDDLEWARE[:1],
        "shop.qa.time_machine.middleware.ClockMiddleware",
        *MIDDLEWARE[1:],
        "shop.qa.time_machine.middleware.bar",
    ]

# The names of all of the above, to find one that is misspelled.
SETTING_NAMES = frozenset(env.names)
