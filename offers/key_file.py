"""The file of a key ring: changed as a whole, and readable afterwards by whom it was before.

A running process may read it at any time: it finds the old content or the new one. Owner,
group, mode and access list of a file that is replaced are kept: the web process, which is
seldom the user who rotates keys, reads the new one too.
"""

import errno
import fcntl
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: What tells one content of the file from another without reading it.
type Stamp = tuple[int, ...]

_ACCESS_LIST = "system.posix_acl_access"


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file; a replaced or edited file has another.

    :raises OSError: there is none, or it cannot be reached
    """
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def is_open_to_others(path: Path) -> bool:
    """Whether anybody on the machine can read or change a file; its group may.

    A key file of ``root:shop`` with mode 640 is a usual way to let the web process read it.

    :raises OSError: there is none, or it cannot be reached
    """
    return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))


def owner_of(path: Path) -> str:
    """The name of the user that a file belongs to, or the number if it has none.

    :raises OSError: there is none, or it cannot be reached
    """
    return _names(path.stat())[0]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep others from changing a file while the block runs.

    :raises OSError: its folder cannot be opened
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def replace(path: Path, content: str) -> None:
    """Give a file new content, or make it, for its owner alone.

    :raises PermissionError: its owner or group cannot be kept; nothing was changed
    :raises OSError: it cannot be written; nothing was changed
    """
    # Written beside and moved into place: a crash leaves the old content or the new one.
    fresh = path.with_name(path.name + ".new")
    # Made anew: what a crash or a stranger left there may be open to others, or a link.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            with suppress(FileNotFoundError):
                _let_the_same_read(descriptor, path)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path)


def _let_the_same_read(descriptor: int, path: Path) -> None:
    before, made = path.stat(), os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        try:
            os.fchown(descriptor, before.st_uid, before.st_gid)
        except PermissionError:
            user, group = _names(before)
            raise PermissionError(
                f"{path} belongs to {user} and the group {group}, and only root can keep it so: "
                f"run this as root, or as {user} if that is in the group."
            ) from None
    _copy_access_list(descriptor, path)
    # Last: a new owner clears bits of it.
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _copy_access_list(descriptor: int, path: Path) -> None:
    if not hasattr(os, "getxattr"):  # Linux has it
        return
    try:
        access_list = os.getxattr(path, _ACCESS_LIST)
    except OSError as error:
        # It has none, or its file system knows none.
        if error.errno in {errno.ENODATA, errno.ENOTSUP}:
            return
        raise
    os.setxattr(descriptor, _ACCESS_LIST, access_list)


def _names(owner: os.stat_result) -> tuple[str, str]:
    user, group = str(owner.st_uid), str(owner.st_gid)
    with suppress(KeyError):
        user = pwd.getpwuid(owner.st_uid).pw_name
    with suppress(KeyError):
        group = grp.getgrgid(owner.st_gid).gr_name
    return user, group


def _sync_folder(path: Path) -> None:
    """Have the move outlive a power failure, where the file system can do that."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(folder)
    finally:
        os.close(folder)
