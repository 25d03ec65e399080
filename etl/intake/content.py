"""The content of a drop: its first bytes, and all of it passing by, counted and hashed on its way to the framing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from etl.intake.detect import SAMPLE_BYTES
from etl.intake.reading import chunks
from etl.settings import Intake


def head(path: Path, limits: Intake) -> bytes:
    """The first bytes of the content, enough to detect its format by."""
    found = b""
    for block in chunks(path, limits, size=SAMPLE_BYTES):
        found += block
        if len(found) > SAMPLE_BYTES:
            break
    return found


class Passing:
    """Content passing by, block by block: counted, and hashed unless the hash is known, since the file is its content.

    `total` (bytes), `sha256` and `ended_in_newline` tell of what has passed so far.
    """

    def __init__(self, blocks: Iterator[bytes], sha256: str | None) -> None:
        self._blocks = blocks
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        self.total = 0
        self.ended_in_newline = True

    @property
    def sha256(self) -> str:
        return self._sha256 or self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            if block:
                self.total += len(block)
                if self._sha256 is None:
                    self._digest.update(block)
                self.ended_in_newline = block.endswith(b"\n")
                yield block
