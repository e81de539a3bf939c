"""The operator's whole story; it closes with a table.

STORY_OUTAGE_SECONDS=60 loses and hangs the database for as long, 12 seconds otherwise.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.operation import closing
from tests.operation.processes import ended_by_signals
from tests.operation.story import Story

OUTAGE_SECONDS = float(os.environ.get("STORY_OUTAGE_SECONDS", "12"))


@pytest.mark.verify
def test_money_and_promises_survive_operation() -> None:
    root = Path(tempfile.mkdtemp(prefix="operators-story-"))
    root.chmod(0o755)
    story = Story(root, outage_seconds=OUTAGE_SECONDS)
    print()
    try:
        with ended_by_signals():
            findings = tell(story)
        print(f"\n{closing.table(story.record, findings)}")
        if any(each.broken for each in findings):
            print(
                f"\nWhy requests were not answered:\n{closing.reasons(story.shop.processes.logs())}"
            )
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
    with story.chapter("upgrade"):
        story.upgrade()
    with story.chapter("rotate keys twice"):
        story.rotate_keys()
    with story.chapter("lose the database"):
        story.lose_database()
    with story.chapter("hang the database"):
        story.hang_database()
    with story.chapter("kill web processes"):
        story.kill_web_processes()
    with story.chapter("back up"):
        story.back_up()
    with story.chapter("restore"):
        story.restore()
    with story.chapter("close the books"):
        return story.close_books()
