"""SQL spelling: names and texts as the engine's parser reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as an SQL literal; control characters by code, since the parser refuses NUL."""
    if any(ord(char) < 32 for char in value):
        return "(" + " || ".join(f"chr({ord(c)})" if ord(c) < 32 else literal(c) for c in value) + ")"
    return "'" + value.replace("'", "''") + "'"


def timestamp(instant: datetime) -> str:
    """As SQL, in UTC."""
    return f"timestamp '{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"
