"""What is logged, and where: Django's ``LOGGING``."""

from typing import Any

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "mask_order_links": {"()": "shop.core.log_filters.MaskOrderLinks"},
        "no_trace_of_refusals": {"()": "shop.core.log_filters.NoTraceOfRefusals"},
        "no_forms_shown_again": {"()": "shop.core.log_filters.NoFormsShownAgain"},
        "brief_outages": {"()": "shop.core.log_filters.BriefOutages"},
    },
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["brief_outages", "mask_order_links", "no_trace_of_refusals"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "shop": {"level": "INFO"},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"filters": ["no_forms_shown_again"]},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
