"""Drops: finding complete ones, locking them, and where they end up.

`drops/<source>/<file>`; folders below a source are part of the file's name. A file straight under `drops/` belongs to
the source `default`. Names that begin with a dot or end in one of UNFINISHED are still being written.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etl.settings import Settings

UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
MOST_GROUPS = 500  # of drops that are taken side by side; with more drops, each group has several
DEFAULT_SOURCE = "default"


def source_of(drop: str) -> str:
    """The source of a drop named `source/file`."""
    head, _, rest = drop.partition("/")
    return head if rest else DEFAULT_SOURCE


def find(settings: Settings) -> tuple[list[str], float]:
    """Complete drops as `source/file`, oldest first, and how many seconds until the rest may be complete (0: no rest).

    A file is complete when nothing has touched it for `settle_seconds`. The change time of its inode decides: unlike the
    modification time, no copying tool can set it back.
    """
    root = settings.folder("drops")
    now = time.time()
    found: list[tuple[float, str]] = []
    wait = 0.0
    for path in _walk(root):
        status = path.lstat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            continue
        remaining = settings.intake.settle_seconds - (now - status.st_ctime)
        if remaining > 0:
            wait = max(wait, remaining)
        else:
            found.append((status.st_mtime, path.relative_to(root).as_posix()))
    return [drop for _, drop in sorted(found)], wait


def by_source(drops: Sequence[str]) -> list[list[str]]:
    """The drops of each source, in the order given: a log that grew comes after what it grew from."""
    groups: dict[str, list[str]] = {}
    for drop in drops:
        groups.setdefault(source_of(drop), []).append(drop)
    return list(groups.values())


def in_groups(drops: Sequence[str], most: int = MOST_GROUPS) -> list[list[str]]:
    """At most so many groups of equal size (the last may be smaller): one drop each while there are no more than that."""
    size = -(-len(drops) // most) or 1
    return [list(drops[start : start + size]) for start in range(0, len(drops), size)]


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold an advisory lock on a file of that name; it dies with the process. Gives False when another one holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def move(path: Path, target: Path) -> None:
    """Move a drop; across file systems it is copied under a temporary name first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(path, target)  # noqa: PTH105
    except OSError:
        import shutil

        temporary = target.with_name(f".{target.name}.part")
        shutil.copy2(path, temporary, follow_symlinks=False)
        os.replace(temporary, target)  # noqa: PTH105
        path.unlink()


def prune(folder: Path, root: Path) -> None:
    """Remove empty folders left below a source; the source's own folder stays."""
    while root not in (folder, folder.parent) and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
