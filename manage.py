#!/usr/bin/env python
"""Run a management command. What is wrong around it is said in a sentence, not by a traceback."""

import os
import sys
from typing import NoReturn

WAY_OUT = "Start it, or mend DATABASE_URL."


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError) as error:
        if "--traceback" in sys.argv:
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if isinstance(error, OperationalError):
            end(f"The database cannot be asked: {lines[0].rstrip('.')}. {WAY_OUT}")
        end(" ".join(lines))


def end(problem: str) -> NoReturn:
    """End with exit status 1 and the problem; ``doctor`` says it as all that it found."""
    from shop.operations.diagnoses import as_json, as_text, in_the_way

    if "doctor" not in sys.argv[1:2]:
        sys.exit(problem)
    say = as_json if "--json" in sys.argv else as_text
    sys.stdout.write(f"{say([in_the_way(problem)])}\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
