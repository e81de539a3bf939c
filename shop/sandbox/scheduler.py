"""The one background thread: runs scheduled tasks and the courier when due, or when woken."""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping

from .context import Context
from .webhooks import Courier

type Task = Callable[[Context, str], None]


class Scheduler:
    def __init__(
        self, context: Context, tasks: Mapping[str, Task], courier: Courier | None
    ) -> None:
        self.context = context
        self.tasks = tasks
        self.courier = courier
        self._wake = threading.Event()
        if courier is not None:
            courier.wake = self._wake.set
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            try:
                pause = min(self._decide_due(), self.courier.run_due() if self.courier else 60.0)
            except Exception:  # one bad task must not end all deliveries
                traceback.print_exc(file=sys.stderr)
                pause = 1.0
            self._wake.wait(timeout=max(pause, 0.01))

    def _decide_due(self) -> float:
        store = self.context.store
        while True:
            rows = store.execute("SELECT id, due, task, subject FROM timers ORDER BY due LIMIT 1")
            if not rows:
                return 60.0
            id, due, task, subject = rows[0]
            if due > time.time():
                return float(due - time.time())
            with store.transaction():
                # The row may be gone: a reset comes between the look and the transaction.
                if store.execute("DELETE FROM timers WHERE id = ? RETURNING id", (id,)):
                    self.tasks[task](self.context, subject)
