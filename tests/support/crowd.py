"""A crowd that looks at a sale page again and again, in a process of its own."""

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from shop.core.machine_clock import monotonic_seconds

ROOT = Path(__file__).parents[2]


@dataclass
class Crowd:
    """What the crowd met: for each status, how long each answer took."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    lasted: float = 0.0
    without_retry_after: int = 0

    def told(self) -> str:
        """A line for each status."""
        lines = [
            f"    {status}: {len(took)} ({len(took) / self.lasted:.0f} a second), "
            f"median {median(took) * 1000:.0f} ms, slowest {max(took) * 1000:.0f} ms"
            for status, took in sorted(self.seconds.items())
        ]
        return "\n".join(lines)


async def visit(port: int, met: dict[str, list[float]], missing: list[int], until: float) -> None:
    """One browser of the crowd."""
    ask = b"GET /sales/autumn/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    while monotonic_seconds() < until:
        began, status = monotonic_seconds(), "no answer"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while monotonic_seconds() < until:
                began = monotonic_seconds()
                writer.write(ask)
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                status = head[9:12].decode()
                met[status].append(monotonic_seconds() - began)
                if status == "503" and b"retry-after: " not in head:
                    missing.append(1)
                # A crowd of people and not a busy loop: this process needs the machine too.
                await asyncio.sleep(0.1)
            writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            met["no answer"].append(monotonic_seconds() - began)
            await asyncio.sleep(0.1)


async def visits(port: int, browsers: int, seconds: float) -> Crowd:
    met: dict[str, list[float]] = defaultdict(list)
    missing: list[int] = []
    began = monotonic_seconds()
    until = began + seconds
    await asyncio.gather(*(visit(port, met, missing, until) for _ in range(browsers)))
    return Crowd(dict(met), monotonic_seconds() - began, len(missing))


@contextmanager
def crowd(port: int, browsers: int, seconds: float) -> Iterator[Crowd]:
    """A crowd in a process of its own; what it met is there after the block."""
    line = [sys.executable, "-m", "tests.support.crowd"]
    process = subprocess.Popen(
        [*line, str(port), str(browsers), str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    met = Crowd()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        yield met
        told: dict[str, Any] = json.loads(process.stdout.readline())
        met.seconds, met.lasted = told["seconds"], told["lasted"]
        met.without_retry_after = told["without_retry_after"]
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    print("here", flush=True)
    given = sys.argv[1:]
    result = asyncio.run(visits(int(given[0]), int(given[1]), float(given[2])))
    told = {
        "seconds": result.seconds,
        "lasted": result.lasted,
        "without_retry_after": result.without_retry_after,
    }
    print(json.dumps(told), flush=True)
