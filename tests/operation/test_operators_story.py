"""The operator's whole story; it closes with a table.

With STORY_KEEP=1 its folders stay, with the log of each process.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.operation import closing
from tests.operation.processes import ended_by_signals
from tests.operation.story import Story


@pytest.mark.verify
def test_money_and_promises_survive_operation() -> None:
    root = Path(tempfile.mkdtemp(prefix="operators-story-"))
    root.chmod(0o755)
    story = Story(root)
    print()
    try:
        with ended_by_signals():
            findings = tell(story)
        print(f"\n{closing.table(story.record, findings)}")
        assert {each.promise: each.broken[:5] for each in findings if each.broken} == {}
    finally:
        story.shop.close()
        if os.environ.get("STORY_KEEP"):
            print(f"\nIts folders: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)


def tell(story: Story) -> list[closing.Finding]:
    """All chapters in their order; what they found."""
    with story.chapter("install"):
        story.install()
    with story.chapter("sell under load"):
        story.sell(10)
    with story.chapter("kill web processes"):
        story.kill_web_processes()
    with story.chapter("close the books"):
        return story.close_books()
