"""A shop installed as docs/operating.md says, by the very files of docs/operating/.

Only addresses, folders, ports and secrets differ, and each of them has to stand in those files:
a file that changes its words fails here, so that documentation and story cannot part.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ports:
    """Where each process listens."""

    https: int
    http: int
    web: tuple[int, int]
    postgres: int
    pgbouncer: int
    stripe: int


@dataclass(frozen=True)
class Command:
    """What a unit of systemd runs."""

    line: list[str]
    folder: Path
    environment: dict[str, str]

    def start(self, output: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start it as systemd would, in a session of its own."""
        return subprocess.Popen(
            self.line,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


class Installation:
    """The folders of one shop below ``root``, and the documented files moved there."""

    def __init__(self, root: Path, programs: Path) -> None:
        self.root = root
        #: The client programs of the database's own version come first.
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
        }
        self._moved = {
            "/srv/flashfreeze": root / "srv",
            "/etc/flashfreeze": root / "etc",
            "/var/lib/flashfreeze": root / "var",
            "/var/backups/flashfreeze": root / "backups",
        }
        for folder in (*self._moved.values(), root / "srv" / "releases", root / "etc" / "keys"):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def current(self) -> Path:
        """The release that runs."""
        return self.root / "srv" / "current"

    @property
    def documented(self) -> Path:
        """The operator's files of the release that runs."""
        return self.current / "docs" / "operating"

    def text(self, name: str, edits: Mapping[str, object] = MappingProxyType({})) -> str:
        """A documented file, moved below the root, with edits each of which must find its place."""
        text = (self.documented / name).read_text()
        for old, folder in self._moved.items():
            text = text.replace(old, str(folder))
        for old, new in edits.items():
            assert old in text, f"docs/operating/{name} has no {old!r} any more"
            text = text.replace(old, str(new))
        return text

    def write(self, name: str, text: str) -> Path:
        """Write a file of the operator's into the shop's configuration."""
        path = self.root / "etc" / name
        path.write_text(text)
        path.chmod(0o640)
        return path

    def write_settings(self, name: str, values: Mapping[str, str], **added: str) -> None:
        """Write a documented file of settings; each value replaces one that stands there."""
        lines, left = [], dict(values)
        for line in self.text(name).splitlines():
            key, is_setting, _ = line.partition("=")
            lines.append(f"{key}={left.pop(key)}" if is_setting and key in left else line)
        assert not left, f"docs/operating/{name} does not set {', '.join(left)}"
        text = "\n".join([*lines, *(f"{key}={value}" for key, value in added.items()), ""])
        wanting = [line for line in text.splitlines() if "CHANGE-ME" in line and line[0] != "#"]
        assert not wanting, f"docs/operating/{name}: {wanting}"
        self.write(name, text)

    def install_release(self, name: str, commit: str = "HEAD") -> Path:
        """Clone the repository at a commit into a folder of its own, and build its ``.venv``."""
        folder = self.root / "srv" / "releases" / name
        _run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(folder)])
        head = _run(["git", "-C", str(ROOT), "rev-parse", commit]).strip()
        _run(["git", "-C", str(folder), "-c", "advice.detachedHead=false", "checkout", "-q", head])
        # A uv that was fetched for this checkout serves its clones too.
        fetched = Path(sys.prefix).resolve().parent / ".uv" / "bin"
        path = {"PATH": f"{fetched}:{os.environ['PATH']}"}
        _run(
            ["bin/bootstrap", "--no-dev", "--compile-bytecode"],
            cwd=folder,
            env={**os.environ, **path},
        )
        return folder

    def switch_to(self, release: Path) -> None:
        """Let ``current`` mean another release, in one step."""
        fresh = self.root / "srv" / "current.new"
        fresh.symlink_to(release)
        fresh.replace(self.current)

    def manage(self, *arguments: str, text: str = "", status: int = 0, **settings: str) -> str:
        """Run a command of the shop by the documented wrapper; what it printed.

        :raises AssertionError: it ended with another status
        """
        wrapper = self.root / "etc" / "flashfreeze"
        if not wrapper.exists():
            as_shop = {"runuser -u shop -- ": ""}
            wrapper.write_text(self.text("flashfreeze", as_shop))
            wrapper.chmod(0o755)
        return _run(
            [str(wrapper), *arguments],
            env={**self.environment, **settings},
            text=text,
            status=status,
        )

    def shell(self, line: str, **environment: str) -> str:
        """Run a line of the shell's, such as a command has printed; what it printed."""
        return _run(["sh", "-ec", line], env={**self.environment, **environment})

    def python(self, arguments: list[str], text: str = "") -> str:
        """Run Python in the current release with the shop's settings; what it printed."""
        settings = {
            "ENV_FILE": str(self.root / "etc" / "shop.env"),
            "DJANGO_SETTINGS_MODULE": "shop.settings",
        }
        return _run(
            [".venv/bin/python", *arguments],
            cwd=self.current,
            env={**self.environment, **settings},
            text=text,
        )

    def check_units(self) -> None:
        """Let systemd say what it thinks of the documented units, where it is installed."""
        if not (analyze := shutil.which("systemd-analyze")):
            return
        folder = self.root / "etc" / "units"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in self.documented.glob("flashfreeze*.*"):
            # A unit that is a template is checked as an instance of it.
            (folder / file.name.replace("@.", "@8000.")).write_text(self.text(file.name))
        units = [str(each) for each in sorted(folder.iterdir())]
        _run([analyze, "verify", "--man=no", "--recursive-errors=no", *units])

    def unit(self, name: str, instance: str = "") -> Command:
        """The command of a documented unit, with its folder and environment."""
        lines = self.text(name).replace("%i", instance).replace("%%", "%").splitlines()
        pairs = [line.partition("=")[::2] for line in lines if "=" in line and line[0] != "#"]
        environment = dict(self.environment)
        for key, value in pairs:
            if key == "Environment":
                name, _, content = value.partition("=")
                environment[name] = content
            elif key == "EnvironmentFile":
                environment |= _read_environment(Path(value.removeprefix("-")))
        [line] = [value for key, value in pairs if key == "ExecStart"]
        [folder] = [value for key, value in pairs if key == "WorkingDirectory"]
        return Command(shlex.split(line.replace("$$", "$")), Path(folder), environment)


def _read_environment(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = path.read_text().splitlines()
    pairs = (line.partition("=")[::2] for line in lines if "=" in line and line[0] != "#")
    return dict(pairs)


def _run(
    command: list[str],
    *,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    text: str = "",
    status: int = 0,
) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    told = f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    assert done.returncode == status, told
    return done.stdout
