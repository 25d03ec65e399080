"""Content decides: is this content new, seen before, or a log that has grown?

There are no high-water marks. A content is known by its SHA-256; a grown log is one whose beginning is, to the byte, the
whole content of an earlier upload of the same source. Candidates are found by a key over the first bytes, so that the
cost does not grow with history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.intake.reading import HEAD_BYTES, chunks
from etl.lake import Content, Lake
from etl.settings import Intake


@dataclass(frozen=True)
class Known:
    """An earlier upload that this content equals, or continues."""

    upload_id: str
    content: Content
    is_whole: bool


def file_sha256(path: Path) -> str:
    """The SHA-256 of the file as it lies there."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def upload_id(source: str, sha256: str, ordinal: int) -> str:
    """The same file in the same source gives the same id, so that a killed run's left-overs are overwritten.

    `ordinal` counts how often this file was dropped before.
    """
    return hashlib.sha256(f"{source}\0{sha256}\0{ordinal}".encode()).hexdigest()[:16]


def keys(head: bytes) -> list[str]:
    """The keys under which a content that begins with `head` may lie: by its first 4 KiB and by its first line.

    The last one is the key that a content is stored under: contents below 4 KiB go by their first line, since what
    grows from them has another head.
    """
    first_line = head.partition(b"\n")[0][:HEAD_BYTES]
    found = ["l" + hashlib.sha256(first_line).hexdigest()[:24]]
    if len(head) >= HEAD_BYTES:
        found.append("h" + hashlib.sha256(head[:HEAD_BYTES]).hexdigest()[:24])
    return found


def recognise(lake: Lake, source: str, path: Path, head: bytes, limits: Intake) -> Known | None:
    """The longest earlier content that this one equals or begins with; None when it is new."""
    candidates = {name: one for key in keys(head) for name, one in lake.contents(source, key).items()}
    if not candidates:
        return None
    by_length: dict[int, list[tuple[str, Content]]] = {}
    for name, one in sorted(candidates.items()):
        by_length.setdefault(one.content_bytes, []).append((name, one))
    best: Known | None = None
    total = 0
    for length, digest in _digests(chunks(path, limits), sorted(by_length)):
        total = length
        for name, one in by_length.get(length, []):
            if one.content_sha256 == digest:
                best = Known(name, one, is_whole=False)
    if best is not None and best.content.content_bytes == total:
        return Known(best.upload_id, best.content, is_whole=True)
    return best


def _digests(blocks: Iterator[bytes], lengths: list[int]) -> Iterator[tuple[int, str]]:
    """The digest of the content's first n bytes for each wanted n that it reaches, and at its end."""
    digest = hashlib.sha256()
    total = 0
    wanted = iter(lengths)
    length = next(wanted, None)
    for block in blocks:
        start = 0
        while length is not None and length <= total + len(block):
            digest.update(memoryview(block)[start : length - total])
            start = length - total
            yield length, digest.copy().hexdigest()
            length = next(wanted, None)
        digest.update(memoryview(block)[start:])
        total += len(block)
    yield total, digest.hexdigest()
