"""Production settings: a shop that is fully configured is clean, and what is missing is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """``manage.py check --deploy`` in an environment of its own."""
    keys = tmp_path / "keys.json"
    environment = {
        "PATH": os.environ["PATH"],
        "VAR": str(tmp_path),
        "DEBUG": "0",
        "SECRET_KEY": "x1-" + "".join(map(str, range(60))),
        "ALLOWED_HOSTS": "shop.example",
        "OFFER_KEYS": str(keys),
        "OFFER_ISSUER": "https://shop.example",
        "SHOP_URL": "https://shop.example",
        "EMAIL_URL": "smtp://user:password@mail.example:587",
        "STRIPE_SECRET_KEY": "sk_live_1",
        "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
    } | settings
    manage = [sys.executable, "manage.py"]
    if environment["OFFER_KEYS"] == str(keys):
        subprocess.run([*manage, "offer_keys", "add"], cwd=ROOT, env=environment, check=False)
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
        "STRIPE_SECRET_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, setting: str) -> None:
    result = check(tmp_path, **{setting: ""})
    assert result.returncode != 0
    assert setting in result.stderr
