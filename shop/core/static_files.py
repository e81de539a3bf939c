"""Static files under names that say what is in them."""

from functools import cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Works out the address of each file once: the manifest is read when the process starts.

    A page names ten of them, and each would be parsed and joined anew.
    """

    @cache  # noqa: B019 - there is one of it in a process
    def url(self, name: str | None, force: bool = False) -> str:
        return str(super().url(name, force))
