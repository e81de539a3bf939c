"""Background tasks: run by threads of this process, a moment after they are enqueued.

The queue is in memory and bounded: killed processes lose tasks, and a full queue refuses them. So
a task works on a row from which it can be enqueued again.
"""

import atexit
import logging
from collections.abc import Callable
from functools import partial
from queue import Full, Queue
from threading import Condition, Lock, Thread
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.tasks import TaskResult, TaskResultStatus
from django.tasks.backends.immediate import ImmediateBackend

logger = logging.getLogger(__name__)

#: Tasks that may wait in a process; more are refused.
MAX_QUEUED = 1000
#: How long a process that is stopped waits for its tasks.
SECONDS_TO_FINISH = 5

_queue: Queue[Callable[[], None]] = Queue(MAX_QUEUED)
_threads: list[Thread] = []
_starting = Lock()
_task_finished = Condition()


class ThreadBackend(ImmediateBackend):
    """Django's task backend that runs tasks in ``ASIDE_THREADS`` threads.

    Without threads, and in a transaction, whose writes a thread would not see, it runs at once.
    """

    def _execute_task(self, task_result: "TaskResult[Any, Any]") -> None:
        execute = partial(super()._execute_task, task_result)  # type: ignore[misc]
        if settings.ASIDE_THREADS <= 0 or connection.in_atomic_block:
            execute()
            return
        try:
            _queue.put_nowait(execute)
        except Full:
            logger.warning("Too many tasks are queued: %s is refused", task_result.task.name)
            object.__setattr__(task_result, "status", TaskResultStatus.FAILED)
            return
        _start_threads()


def wait_for(result: "TaskResult[Any, Any]", seconds: float) -> None:
    """Wait until a task has finished, for so many seconds at most."""
    with _task_finished:
        _task_finished.wait_for(lambda: result.is_finished, seconds)


def finish(seconds: float | None = None) -> None:
    """Wait until all queued tasks have finished, for so many seconds at most."""
    with _queue.all_tasks_done:
        _queue.all_tasks_done.wait_for(lambda: not _queue.unfinished_tasks, seconds)


def _start_threads() -> None:
    with _starting:
        if not _threads:
            atexit.register(finish, SECONDS_TO_FINISH)
        while len(_threads) < settings.ASIDE_THREADS:
            # Daemons: a task that waits for a silent service must not keep a server from stopping.
            _threads.append(Thread(target=_work, name="background", daemon=True))
            _threads[-1].start()


def _work() -> None:
    while True:
        execute = _queue.get()
        try:
            execute()
        finally:
            with _task_finished:
                _task_finished.notify_all()
            if _queue.empty():
                # An idle thread holds no connection.
                connections.close_all()
            _queue.task_done()
