"""Put a finished report in place of the old one: a reader sees the one or the other, never a part of either."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.errors import ReportError

MARK = "report.json"  # lies in every folder that holds a report; a folder without it is never replaced
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextmanager
def replacing_folder(out: Path) -> Iterator[Path]:
    """Give a new folder beside `out` to write into; on leaving, exchange it with `out` in one step, remove the old.

    Raises ReportError when `out` holds something that is not a report: it would be lost.
    """
    out = out.absolute()
    _refuse_foreign(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        mounted = out.is_mount()
        temporary = (out if mounted else out.parent) / f".{out.name}.{os.getpid()}.new"
        temporary.mkdir()
    except OSError as error:
        raise ReportError(
            f"{out}: the report cannot be written ({error.strerror}). "
            "Give this user the right to write there, or name another folder."
        ) from None
    try:
        yield temporary
        if mounted:
            _move_entries(temporary, out)
        else:
            _exchange(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The same for a single file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise ReportError(f"{path}: cannot be written ({error.strerror}). Name another file.") from None
    finally:
        temporary.unlink(missing_ok=True)


def _refuse_foreign(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise ReportError(f"{out}: found a file; expected a folder for the report. Name another with --out.")
    present = [entry.name for entry in out.iterdir() if not entry.name.startswith(".")]
    if present and MARK not in present:
        raise ReportError(
            f"{out}: found {present[0]!r} and no {MARK}, so this is not a report; it would be lost. "
            "Name an empty or new folder with --out."
        )


def _sweep(out: Path) -> None:
    """Remove what killed runs left behind."""
    for folder in (out.parent, out):
        for left in folder.glob(f".{out.name}.*.new") if folder.is_dir() else ():
            pid = left.name.rsplit(".", 2)[1]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists():
                shutil.rmtree(left, ignore_errors=True)


def _exchange(new: Path, out: Path) -> None:
    """Swap two folders by one system call; where the kernel or file system has none, by two renames."""
    if not out.exists():
        new.rename(out)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    swap = getattr(libc, "renameat2", None)
    if swap is not None and swap(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(out), _RENAME_EXCHANGE) == 0:
        return
    code = ctypes.get_errno()
    if swap is not None and code not in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}:
        raise ReportError(
            f"{out}: the report cannot be put in place ({os.strerror(code)}). "
            "Close what holds the folder, and run again."
        )
    old = new.with_suffix(".old")
    out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _move_entries(new: Path, out: Path) -> None:
    """`out` is a mount and cannot be renamed: exchange its entries, the start page last."""
    names = sorted((entry.name for entry in new.iterdir()), key=lambda name: (name == "index.html", name))
    for stale in out.iterdir():
        if not stale.name.startswith(".") and stale.name not in names:
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    for name in names:
        _exchange(new / name, out / name)
