"""Reading a drop's bytes: compression, encodings, limits, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from etl.errors import QuarantineError
from etl.intake.reading import chunks
from etl.settings import Intake

TEXT = b"one\r\ntwo \xc3\xa9\n" * 2000


def _zip(data: bytes) -> bytes:
    import io

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/passwd", data)
    return out.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "zip": _zip,
}


@pytest.mark.parametrize("kind", PACKERS)
def test_compression_is_told_by_content(kind: str, tmp_path: Path) -> None:
    """The name says nothing: each kind reads back to the byte, in whatever chunks."""
    path = tmp_path / "access.log"
    path.write_bytes(PACKERS[kind](TEXT))
    assert b"".join(chunks(path, Intake(), size=1000)) == TEXT
    assert not (tmp_path.parent / "etc").exists()


@pytest.mark.parametrize("kind", [kind for kind in PACKERS if kind != "plain"])
def test_truncated_archive_is_corrupted(kind: str, tmp_path: Path) -> None:
    """A copy that broke off is refused as a whole, with what to do."""
    path = tmp_path / "access.log"
    packed = PACKERS[kind](TEXT)
    path.write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.raises(QuarantineError, match="Copy the file again") as caught:
        list(chunks(path, Intake()))
    assert caught.value.reason == "corrupted"


@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"), ("utf-16-le", b""), ("utf-8", b"\xef\xbb\xbf")],
)
def test_encodings_arrive_as_utf8(codec: str, mark: bytes, tmp_path: Path) -> None:
    """UTF-16 with and without its mark, and UTF-8 with one, read as the same text."""
    path = tmp_path / "access.log"
    path.write_bytes(mark + "a line of text\nand another\n".encode(codec))
    assert b"".join(chunks(path, Intake(), size=7)) == b"a line of text\nand another\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "unsupported_file_type"),
        (bytes(range(256)) * 20, "unsupported_file_type"),
        (gzip.compress(gzip.compress(TEXT)), "unsupported_file_type"),
    ],
    ids=["empty", "picture", "binary", "packed twice"],  # the packed bytes hold the time of day
)
def test_what_is_no_log_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    """Each refusal carries the reason code that the receipt shows."""
    path = tmp_path / "drop"
    path.write_bytes(data)
    with pytest.raises(QuarantineError) as caught:
        list(chunks(path, Intake()))
    assert caught.value.reason == reason


def test_archive_limits_hold(tmp_path: Path) -> None:
    """An archive of too many files and content over the limit are refused before they fill the disk."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(1000):
            archive.writestr(f"{number}.log", "x\n")
    with pytest.raises(QuarantineError, match="a zip of 1000 files"):
        list(chunks(path, Intake()))
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(b"a\n" * 1_000_000))
    with pytest.raises(QuarantineError) as caught:
        list(chunks(bomb, Intake(max_content_bytes=100_000), size=4096))
    assert caught.value.reason == "too_large"
