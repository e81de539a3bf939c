"""What pytest loads where Flashfreeze is installed: the plugin, for tests of a Flashfreeze shop.

A project that names Django settings of its own (``--ds``, ``DJANGO_SETTINGS_MODULE`` in its
configuration or its environment) gets the plugin if the shop's apps are in them, and is left
alone otherwise. A project that names none is tested with the shop's own settings, isolated: it
reads no ``.env``, and writes into a folder that is deleted afterwards. ``-p no:flashfreeze``
keeps the plugin away.
"""

import os
import tempfile
from collections.abc import Generator
from typing import Any

import pytest

PLUGIN = "shop.qa.pytest_plugin"
_SETTINGS = "DJANGO_SETTINGS_MODULE"
_FOLDER = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, Any, Any]:
    """Name the settings before pytest-django looks for them; load the plugin once they are read.

    Its modules import models, which need Django to be set up. A ``conftest.py`` that names the
    plugin has loaded it by then, and it is not loaded twice.

    :raises pytest.UsageError: the shop is installed without its templates
    """
    if not _names_settings(early_config, parser, args):
        _isolate(early_config)
    result = yield
    from django.apps import apps
    from django.conf import settings

    if apps.ready and apps.is_installed("shop.qa"):
        if not (settings.BASE_DIR / "templates").is_dir():
            raise pytest.UsageError(
                "Flashfreeze is installed without its templates. Install it from its checkout, "
                "with --editable."
            )
        early_config.pluginmanager.import_plugin(PLUGIN)
    return result


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the folder that was written into."""
    if _FOLDER in config.stash:
        config.stash[_FOLDER].cleanup()


def _names_settings(config: pytest.Config, parser: pytest.Parser, args: list[str]) -> bool:
    option = parser.parse_known_args(args).ds
    return bool(option or config.getini(_SETTINGS) or os.environ.get(_SETTINGS))


def _isolate(config: pytest.Config) -> None:
    os.environ[_SETTINGS] = "shop.settings"
    os.environ.setdefault("ENV_FILE", os.devnull)
    if "VAR" not in os.environ:
        config.stash[_FOLDER] = tempfile.TemporaryDirectory(prefix="flashfreeze-")
        os.environ["VAR"] = config.stash[_FOLDER].name
