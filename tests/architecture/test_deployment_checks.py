"""Production settings: a shop that is fully configured is clean, and what is missing is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shop.qa.pytest_plugin.factories import new_key

ROOT = Path(__file__).parents[2]


def check(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """``manage.py check --deploy`` in an environment of its own."""
    rings = [tmp_path / "offer-keys.json", tmp_path / "site-keys.json"]
    environment = {
        "PATH": os.environ["PATH"],
        "VAR": str(tmp_path),
        "DEBUG": "0",
        "SECRET_KEY": "x1-" + "".join(map(str, range(60))),
        "ALLOWED_HOSTS": "shop.example",
        "OFFER_KEYS": str(rings[0]),
        "SITE_KEYS": str(rings[1]),
        "OFFER_ISSUER": "https://shop.example",
        "SHOP_URL": "https://shop.example",
        "EMAIL_URL": "smtp://user:password@mail.example:587",
        "STRIPE_SECRET_KEY": "sk_live_1",
        "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
    } | settings
    manage = [sys.executable, "manage.py"]
    for path in rings:
        path.touch(mode=0o600)
        path.write_text(json.dumps({"keys": [new_key(path.stem)]}))
    return subprocess.run(
        [*manage, "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shop_that_is_fully_configured_is_clean(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "setting",
    [
        "SECRET_KEY",
        "OFFER_KEYS",
        "SITE_KEYS",
        "STRIPE_SECRET_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, setting: str) -> None:
    result = check(tmp_path, **{setting: ""})
    assert result.returncode != 0
    assert setting in result.stderr


def test_a_secret_of_the_example_is_refused_and_not_repeated(tmp_path: Path) -> None:
    result = check(tmp_path, SECRET_KEY="CHANGE-ME-" + "".join(map(str, range(60))))
    assert result.returncode != 0
    assert "SECRET_KEY still has the words CHANGE-ME" in result.stderr
    assert "CHANGE-ME-0" not in result.stderr
