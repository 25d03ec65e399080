"""The DuckDB warehouse file: one that readers use and a spare that the next publish brings up to date and swaps in.

DuckDB lets one process write or many read, so a publish never touches the file that readers open. Copying the whole file
each night would cost the whole history; the spare is the file of the publish before the last, and lacks only what has
changed since. It is copied anew when it is missing, broken, or still open in a reader.

    cloud_discovery.duckdb            what readers open
    .cloud_discovery.duckdb.spare     what the next publish writes to
    .cloud_discovery.duckdb.old       for an instant while the two are swapped
    .cloud_discovery.duckdb.lock      held by the one publish that runs
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.errors import WarehouseError
from etl.lake import flush, replacing


@contextmanager
def shared(path: Path) -> Iterator[Callable[[], bool]]:
    """Hold a reader's lock on the file; the function given says whether it is still the file of that name."""
    with path.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield lambda: _is_same(handle.fileno(), path)


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def only_publisher(path: Path) -> Iterator[None]:
    """Refuse a second publish at the same time. The lock dies with its process. Raises WarehouseError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path, "lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WarehouseError(
                f"{path}: found another publish at work; expected to be the only one. Wait for it, then publish again."
            ) from None
        yield


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Give a file to bring up to date (it may be behind, or not exist); on leaving, it becomes `path`.

    On an error it is thrown away, and `path` stays as it is. Call it under `only_publisher`.
    """
    spare = _beside(path, "spare")
    _recover(path, spare)
    if path.exists() and not spare.exists():
        _copy(path, spare)
    try:
        with _unread(path, spare):
            yield spare
            if Path(f"{spare}.wal").exists():
                raise WarehouseError(f"{spare}: found work that is not in the file; expected all of it. Publish again.")
            flush(spare)
    except BaseException:
        _remove(spare)
        raise
    _swap(path, spare)
    if not spare.exists():
        _copy(path, spare)


def _recover(path: Path, spare: Path) -> None:
    """Clear up after a killed publish."""
    old = _beside(path, "old")
    if not path.exists():
        # Somebody threw the warehouse away: what is beside it is not to be trusted either.
        _remove(spare)
        _remove(old)
    elif old.exists():
        if old.samefile(path) or spare.exists():
            _remove(old)
        else:
            old.replace(spare)


@contextmanager
def _unread(path: Path, spare: Path) -> Iterator[None]:
    """Keep new readers off the spare; when one still has it open, take a copy instead."""
    if not spare.exists():
        yield
        return
    with spare.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = _is_unlocked(spare)
        except BlockingIOError:
            is_free = False
        if is_free:
            yield
            return
    _remove(spare)  # its reader keeps it
    _copy(path, spare)
    yield


def _is_unlocked(path: Path) -> bool:
    """Whether no other program has the file open in DuckDB, which locks it in its own way."""
    with path.open("rb+") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _swap(path: Path, spare: Path) -> None:
    """The spare becomes the file, the file becomes the spare; at every instant there is a file of that name."""
    old = _beside(path, "old")
    if path.exists():
        with contextlib.suppress(OSError):  # a file system without links: the spare is copied again
            os.link(path, old)
    spare.replace(path)
    if old.exists():
        old.replace(spare)


def _copy(path: Path, spare: Path) -> None:
    with replacing(spare) as temporary:
        shutil.copyfile(path, temporary)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    Path(f"{path}.wal").unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}.{ending}")
