"""Work that no answer waits for: done a moment later, by threads of this process.

Nothing is kept of it. A process that is killed takes with it what it has not
done, and where more waits than is worth waiting for, no more is taken on: so
what is to be done has to stand in a row, where somebody finds it again.
"""

import atexit
import logging
from collections.abc import Callable
from functools import partial
from queue import Full, Queue
from threading import Event, Lock, Thread

from django.conf import settings
from django.db import connection, connections

logger = logging.getLogger(__name__)

#: What may wait in a process; beyond it, it is left to whoever finds the row.
MOST_WAITING = 1000
#: How long a process that is told to stop waits for what it has taken on.
SECONDS_TO_FINISH = 5

type Work = Callable[[], object]

_waiting: Queue[Work] = Queue(MOST_WAITING)
_threads: list[Thread] = []
_starting = Lock()


def do(work: Work, *, wait: float = 0) -> None:
    """Do it aside; or here and now, where ``ASIDE_THREADS`` is 0.

    Inside of a transaction too: a thread would see nothing of what it has written.

    :param wait: be patient for so many seconds: mostly it is done by then
    """
    if settings.ASIDE_THREADS <= 0 or connection.in_atomic_block:
        _do(work)
        return
    done = Event()
    try:
        _waiting.put_nowait(partial(_do_and_tell, work, done))
    except Full:
        logger.warning("More waits to be done aside than this process gets done")
        return
    with _starting:
        if not _threads:
            atexit.register(finish, SECONDS_TO_FINISH)
        while len(_threads) < settings.ASIDE_THREADS:
            # Daemons: who waits for a silent service must not keep a server from stopping.
            _threads.append(Thread(target=_work, name="aside", daemon=True))
            _threads[-1].start()
    if wait:
        done.wait(wait)


def finish(seconds: float | None = None) -> None:
    """Wait until all that this process has taken on is done; no longer than so long."""
    with _waiting.all_tasks_done:
        _waiting.all_tasks_done.wait_for(lambda: not _waiting.unfinished_tasks, seconds)


def _work() -> None:
    while True:
        work = _waiting.get()
        try:
            _do(work)
        finally:
            if _waiting.empty():
                # Who knows when there is something to do again.
                connections.close_all()
            _waiting.task_done()


def _do_and_tell(work: Work, done: Event) -> None:
    try:
        _do(work)
    finally:
        done.set()


def _do(work: Work) -> None:
    try:
        work()
    except Exception:
        logger.exception("What was to be done aside was not")
