"""All fuzz targets, by name."""

from collections.abc import Mapping

from tests.fuzz import files, messages, requests, settings_text, typed_text
from tests.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for module in (messages, typed_text, settings_text, requests, files)
    for target in module.TARGETS
}
