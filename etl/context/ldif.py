"""LDIF (RFC 2849), as far as people are described in it: entries of attributes; no changes, no files behind URLs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from etl.errors import ContextError

LONGEST_LINE = 1 << 22  # characters, after unfolding: photographs are long, and passed over


def entries(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, list[str]]]]:
    """Each entry's first line (from 1) and its values by attribute, lower case, without options such as `;lang-de`.

    Values that are not text, and those behind a URL (`:<`), are left out: nothing is fetched. Raises ContextError.
    """
    found: dict[str, list[str]] = {}
    first = 0
    for number, line in _unfolded(lines, name):
        if not line.strip():
            if found:
                yield first, found
            found, first = {}, 0
            continue
        attribute, colon, value = line.partition(":")
        if not colon:
            raise ContextError(
                f"{name}:{number}: found {line[:60]!r}; expected `attribute: value`. Export the file anew."
            )
        first = first or number
        text = _value(value, name, number)
        if text is not None:
            found.setdefault(attribute.partition(";")[0].strip().lower(), []).append(text)
    if found:
        yield first, found


def _unfolded(lines: Iterable[str], name: str) -> Iterator[tuple[int, str]]:
    """Whole lines with their number: one that begins with a blank goes on with the line before. Comments are left out."""
    whole, number = "", 0
    for at, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        if line.startswith(" ") and number:
            whole += line[1:]
            if len(whole) > LONGEST_LINE:
                raise ContextError(
                    f"{name}:{number}: found a value of over {LONGEST_LINE:,} characters; expected less. "
                    "Export the file without photographs and certificates."
                )
            continue
        if number and not whole.startswith("#"):
            yield number, whole
        whole, number = line, at
    if number and not whole.startswith("#"):
        yield number, whole


def _value(value: str, name: str, number: int) -> str | None:
    if value.startswith("<"):
        return None
    if not value.startswith(":"):
        return value.strip(" ")
    try:
        return base64.b64decode(value[1:].strip(), validate=True).decode("utf-8")
    except UnicodeDecodeError:
        return None  # a photograph, an identifier: not a text
    except binascii.Error:
        raise ContextError(f"{name}:{number}: found invalid base64 behind `::`. Export the file anew.") from None
