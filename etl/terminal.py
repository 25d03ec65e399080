"""What the command line shows: progress on a terminal, plain lines in a log, tables that line up."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

LINE_SECONDS = 10.0  # in a log, long work says how far it is this often


class Console:
    """Progress on standard error. On a terminal one line that is redrawn; elsewhere a line at each step."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._shown = ""
        self._what = ""
        self._at = 0.0
        self._started = time.monotonic()

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None:
        """Show that `done` of `total` steps of `what` are behind us."""
        now = time.monotonic()
        is_step = what != self._what or done == total
        if self._is_terminal:
            if is_step or now - self._at > 0.1:
                self._draw(what, done, total, detail, now)
                self._at = now
        elif is_step or now - self._at > LINE_SECONDS:
            sys.stderr.write(f"{what}: {done} of {total} {detail}".rstrip() + "\n")
            self._at = now
        self._what = what

    def _draw(self, what: str, done: int, total: int, detail: str, now: float) -> None:
        width = 24
        filled = width * done // max(total, 1)
        line = (
            f"{what:<8} {'█' * filled}{'░' * (width - filled)} {done}/{total}  {now - self._started:4.0f} s  {detail}"
        )
        self._clear()
        self._shown = line[:118]
        sys.stderr.write(self._shown)
        sys.stderr.flush()

    def _clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * len(self._shown) + "\r")
            self._shown = ""


def words(lines: Iterable[str]) -> None:
    """Write lines to standard output."""
    for line in lines:
        sys.stdout.write(plain(line) + "\n")


def plain(text: str) -> str:
    """A text that cannot steer a terminal: control characters from a log are shown, not obeyed."""
    return "".join(char if char.isprintable() or char == "\t" else f"\\x{ord(char):02x}" for char in text)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows in columns that line up; numbers to the right, null as `unknown`."""
    body = [[_cell(value) for value in row] for row in rows]
    if not body:
        return ["(none)"]
    sizes = [max(len(line[i]) for line in [list(head), *body]) for i in range(len(head))]
    numeric = [all(row[i].replace(",", "").replace(".", "").isdigit() for row in body) for i in range(len(head))]
    lines = ["  ".join(name.ljust(size) for name, size in zip(head, sizes, strict=True)).rstrip()]
    lines.append("  ".join("─" * size for size in sizes))
    for row in body:
        cells = (
            cell.rjust(size) if right else cell.ljust(size)
            for cell, size, right in zip(row, sizes, numeric, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"{value:,}" if isinstance(value, int) else str(value)


def size(count: int | float | None) -> str:
    """Bytes for a person: 1.2 GB (decimal units); null is unknown."""
    if count is None:
        return "unknown"
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError
