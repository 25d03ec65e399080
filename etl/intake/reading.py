"""Bytes of a drop as text bytes: decompression with limits, then UTF-16 to UTF-8.

A drop may be plain, gzip, zstd, bzip2, xz or zip (told by its first bytes, never by its name). No name inside an
archive reaches the file system. Text that is not UTF-16 passes through untouched: records decide between UTF-8 and
Latin-1 one by one (see framing).
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from etl.errors import QuarantineError
from etl.settings import Intake

CHUNK_BYTES = 4 << 20  # what the processor's cache holds; larger blocks cost page faults each time
HEAD_BYTES = 4096
RATIO_FLOOR_BYTES = 256 << 20  # below this size a high compression ratio harms nobody

MAGIC = {
    "gzip": b"\x1f\x8b",
    "zstd": b"\x28\xb5\x2f\xfd",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zip": b"PK\x03\x04",
}
NOT_A_LOG = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\xd0\xcf\x11\xe0": "a Microsoft Office document",
}


def chunks(path: Path, limits: Intake, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The decompressed content in chunks of about `size` bytes; UTF-16 arrives as UTF-8, a byte order mark is gone.

    Raises QuarantineError: `empty`, `corrupted`, `too_large`, `unsupported_file_type`.
    """
    return _transcoded(_checked(_limited(_decompressed(path, limits, size), path, limits), path))


def is_verbatim(path: Path) -> bool:
    """Whether the content is the file to the byte: not packed, no byte order mark, not UTF-16."""
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    return not head.startswith((*MAGIC.values(), codecs.BOM_UTF8)) and utf16(head) is None


def _decompressed(path: Path, limits: Intake, size: int) -> Iterator[bytes]:
    with path.open("rb") as handle:
        head = handle.read(8)
        handle.seek(0)
        kind = next((kind for kind, magic in MAGIC.items() if head.startswith(magic)), "plain")
        try:
            if kind == "zip":
                yield from _zip_members(handle, path, limits, size)
            elif kind == "zstd":
                yield from _zstd_stream(handle, size)
            else:
                yield from _stream(_opened(kind, handle), size)
        except (
            EOFError,
            gzip.BadGzipFile,
            zlib.error,
            lzma.LZMAError,
            zipfile.BadZipFile,
            zstandard.ZstdError,
        ) as error:
            raise _corrupted(path, kind, error) from None
        except OSError as error:
            if kind == "plain" or error.errno is not None:
                raise
            raise _corrupted(path, kind, error) from None


def _opened(kind: str, handle: BinaryIO) -> BinaryIO:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=handle)  # type: ignore[return-value]
    if kind == "bzip2":
        return bz2.BZ2File(handle)  # type: ignore[return-value]
    if kind == "xz":
        return lzma.LZMAFile(handle)  # type: ignore[return-value]
    return handle


def _stream(handle: BinaryIO, size: int) -> Iterator[bytes]:
    while block := handle.read(size):
        yield block


def _zstd_stream(handle: BinaryIO, size: int) -> Iterator[bytes]:
    """Frames one after another. The library's own reader ends quietly when a frame is cut off; this one refuses."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    is_open = False
    pending: list[bytes] = []
    while packed := handle.read(1 << 20):
        while packed:
            if not is_open:
                frame = zstandard.ZstdDecompressor().decompressobj()
            pending.append(frame.decompress(packed))
            is_open, packed = not frame.eof, frame.unused_data if frame.eof else b""
            if sum(map(len, pending)) >= size:
                yield b"".join(pending)
                pending = []
    if is_open:
        raise EOFError("the last frame is cut off")
    yield b"".join(pending)


def _zip_members(handle: BinaryIO, path: Path, limits: Intake, size: int) -> Iterator[bytes]:
    with zipfile.ZipFile(handle) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > limits.max_archive_members:
            raise QuarantineError(
                "too_large",
                f"{path.name}: found a zip of {len(members)} files; expected at most {limits.max_archive_members}. "
                "Drop the logs in several archives, or raise [intake] max_archive_members.",
            )
        for member in members:
            if member.flag_bits & 1:
                raise QuarantineError(
                    "corrupted",
                    f"{path.name}: found an encrypted zip; expected a readable one. Drop it without password.",
                )
            ended_in_newline = True
            with archive.open(member) as stream:
                for block in _stream(stream, size):  # type: ignore[arg-type]
                    ended_in_newline = block.endswith(b"\n")
                    yield block
            if not ended_in_newline:
                yield b"\n"


def _corrupted(path: Path, kind: str, error: Exception) -> QuarantineError:
    return QuarantineError(
        "corrupted",
        f"{path.name}: found a damaged {kind} file ({error}); expected a complete one. "
        "Copy the file again from its source and drop it anew.",
    )


def _limited(blocks: Iterator[bytes], path: Path, limits: Intake) -> Iterator[bytes]:
    packed = max(path.stat().st_size, 1)
    total = 0
    for block in filter(None, blocks):
        total += len(block)
        ratio = total / packed
        if total > limits.max_content_bytes:
            found, key = f"more than {limits.max_content_bytes:,} bytes of content", "max_content_bytes"
        elif total > RATIO_FLOOR_BYTES and ratio > limits.max_compression_ratio:
            found, key = (
                f"content over {limits.max_compression_ratio} times the size of the file",
                "max_compression_ratio",
            )
        else:
            yield block
            continue
        raise QuarantineError(
            "too_large",
            f"{path.name}: found {found}; expected less. Split the log, or raise [intake] {key} if the file is honest.",
        )


def _checked(blocks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    first = b""
    for block in blocks:
        first += block
        if len(first) >= HEAD_BYTES:
            break
    if not first:
        raise QuarantineError(
            "empty", f"{path.name}: found no bytes; expected log lines. Check the export on the appliance."
        )
    kind = next((name for magic, name in NOT_A_LOG.items() if first.startswith(magic)), None)
    if kind is None and _is_binary(first[:HEAD_BYTES]):
        kind = "binary data"
    if kind is None and any(first.startswith(magic) for magic in MAGIC.values()):
        kind = "an archive inside an archive"
    if kind is not None:
        raise QuarantineError(
            "unsupported_file_type",
            f"{path.name}: found {kind}; expected a text log, plain or as gzip, zstd, bzip2, xz or zip. "
            "Export the log as text and drop that.",
        )
    yield first
    yield from blocks


def _is_binary(head: bytes) -> bool:
    """Text has hardly a control character; a few NULs do not make a log binary."""
    if utf16(head):
        return False
    control = sum(byte < 9 or 13 < byte < 27 for byte in head if byte != 0)
    return control * 30 > len(head) or head.count(0) * 3 > len(head)


def utf16(head: bytes) -> str | None:
    """The UTF-16 codec that the head of a file is written in, by its mark or by its NULs; None when it is not."""
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    sample = head[: len(head) // 2 * 2]
    if len(sample) >= 16:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if odd * 10 > len(sample) // 2 * 9 and even == 0:
            return "utf-16-le"
        if even * 10 > len(sample) // 2 * 9 and odd == 0:
            return "utf-16-be"
    return None


def _transcoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(blocks)
    codec = utf16(first[:HEAD_BYTES])
    if codec is None:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(codec)("replace")
    yield decoder.decode(first).removeprefix("\ufeff").encode("utf-8", "replace")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
