"""One drop, from the folder to its receipt. Every drop ends as loaded, duplicate or quarantined, with a reason."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import QuarantineError, SettingsError
from etl.intake import detect, drops, identity, reading
from etl.intake.flow import Behind, ahead, side_by_side
from etl.intake.formats import Format
from etl.intake.framing import Records, gathered
from etl.intake.logformat import of_sources
from etl.intake.parse import Parser
from etl.intake.reading import HEAD_BYTES, chunks
from etl.intake.statement import window
from etl.intake.writing import Writer, iso
from etl.lake import Content, Lake, Receipt
from etl.settings import Settings

Progress = Callable[[int, int], None]  # bytes of content read so far, records so far


@dataclass
class Intake:
    """One run of intake: the moment of receipt is the same for all its drops; engine sessions are kept by time zone."""

    settings: Settings
    lake: Lake
    formats: dict[str, Format]
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _parsers: dict[str, Parser] = field(default_factory=dict)
    logformats: dict[str, Format] = field(init=False)  # by source

    def __post_init__(self) -> None:
        """Raises SettingsError for a logformat that cannot be one."""
        self.logformats = of_sources(self.settings)

    def parser(self, timezone: str) -> Parser:
        if timezone not in self._parsers:
            intake = self.settings.intake
            oldest, newest = window(self.received_at, intake.max_age_days, intake.max_future_days)
            compute = self.settings.compute
            self._parsers[timezone] = Parser(
                timezone, self.received_at, oldest, newest, compute.threads, compute.memory_limit
            )
        return self._parsers[timezone]

    def close(self) -> None:
        for parser in self._parsers.values():
            parser.close()

    def take(self, drop: str, progress: Progress | None = None) -> Receipt | None:
        """Take one drop named `source/file`. None when it is no longer there: another run took it."""
        path = self.settings.folder("drops") / drop
        source = drops.source_of(drop)
        # One upload of a source at a time: only so can a duplicate or a grown log be told for certain.
        with drops.locked(
            self.lake.root / "locks" / f"{hashlib.sha256(source.encode()).hexdigest()[:16]}.lock", wait=True
        ):
            if not path.is_symlink() and not path.exists():
                return None
            return _Upload(self, drop, source, path).run(progress or (lambda read, records: None))


class _Upload:
    def __init__(self, intake: Intake, drop: str, source: str, path: Path) -> None:
        self.intake, self.settings, self.lake = intake, intake.settings, intake.lake
        self.source, self.path = source, path
        self.file_name = drop.partition("/")[2] or drop
        self.config = self.settings.source(source)
        self.started_at = datetime.now(UTC)

    def run(self, progress: Progress) -> Receipt:
        is_link = self.path.is_symlink()
        sha256 = (
            hashlib.sha256(str(self.path.readlink()).encode()).hexdigest()
            if is_link
            else identity.file_sha256(self.path)
        )
        for ordinal in itertools.count():
            upload_id = identity.upload_id(self.source, sha256, ordinal)
            earlier = self.lake.receipt(upload_id)
            if earlier is None:
                break
            if earlier.file_name == self.file_name and not self._target(earlier).exists():
                # A killed run wrote the receipt and did not come to move the file.
                return self._moved(earlier)
        receipt = Receipt(
            upload_id=upload_id,
            source=self.source,
            source_kind=self.config.kind,
            file_name=self.file_name,
            file_bytes=self.path.lstat().st_size,
            file_sha256=sha256,
            outcome="quarantined",
            started_at=iso(self.started_at) or "",
            finished_at="",
        )
        try:
            if is_link:
                raise QuarantineError(
                    "unsupported_file_type",
                    f"{self.file_name}: found a symbolic link; expected a file. Drop a copy of what it points to.",
                )
            receipt = self._load(receipt, progress)
        except QuarantineError as error:
            receipt = replace(receipt, outcome="quarantined", reason=error.reason, message=str(error))
        receipt = replace(receipt, finished_at=iso(datetime.now(UTC)) or "")
        self.lake.write_receipt(receipt)
        return self._moved(receipt)

    def _load(self, receipt: Receipt, progress: Progress) -> Receipt:
        head = _head(self.path, self.settings)
        known = identity.recognise(self.lake, self.source, self.path, head[:HEAD_BYTES], self.settings.intake)
        if known is not None and known.is_whole:
            return replace(
                receipt,
                outcome="duplicate",
                duplicate_of=known.upload_id,
                content_bytes=known.content.content_bytes,
                content_sha256=known.content.content_sha256,
                message=f"{self.file_name}: the same content was loaded before as upload {known.upload_id}. Nothing to do.",
            )
        parser = self.intake.parser(self.config.timezone)
        formats, is_detected = self._formats(head, parser)
        kind = self.config.kind or formats[0].kind
        writer = Writer(self.lake, self.source, kind, receipt.upload_id)
        try:
            is_verbatim = reading.is_verbatim(self.path)
            reader = _Content(chunks(self.path, self.settings.intake), receipt.file_sha256 if is_verbatim else None)
            chunk_list = self._parse(reader, formats, parser, writer, known, progress)
            receipt = replace(
                receipt,
                source_kind=kind,
                log_format=formats[0].id if len(formats) == 1 else "mixed:" + "+".join(spec.id for spec in formats),
                is_detected=is_detected,
                content_bytes=reader.total,
                content_sha256=reader.sha256,
                chunks=chunk_list,
            )
            if known is not None:
                receipt = self._continue(receipt, known, writer)
            receipt = self._judge(receipt, formats, writer)
            writer.commit()
        except BaseException:
            writer.abandon()
            raise
        self._remember(receipt, head[:HEAD_BYTES], reader)
        return receipt

    def _formats(self, head: bytes, parser: Parser) -> tuple[list[Format], bool]:
        if self.source in self.intake.logformats:
            return [self.intake.logformats[self.source]], False
        if self.config.format != "auto":
            if self.config.format not in self.intake.formats:
                raise SettingsError(
                    f"[sources.{self.source}] format: found {self.config.format!r}; expected one of "
                    f"{', '.join(sorted(self.intake.formats))}, or auto. Correct the configuration."
                )
            return [self.intake.formats[self.config.format]], False
        limit = self.settings.intake.max_record_bytes
        return detect.detect(head, list(self.intake.formats.values()), parser, self.file_name, limit), True

    def _parse(
        self,
        reader: _Content,
        formats: Sequence[Format],
        parser: Parser,
        writer: Writer,
        known: identity.Known | None,
        progress: Progress,
    ) -> list[dict[str, Any]]:
        done = self._records_before(known)
        chunk_list: list[dict[str, Any]] = []

        def fresh() -> Iterator[Records]:
            for records in detect.framed(formats[0], iter(reader), self.settings.intake.max_record_bytes):
                rest = _after(records, done)
                if rest is None:
                    continue
                if formats[0].chunk is not None and rest.envelope is not None:
                    chunk_list.append(_chunk(formats[0], rest.envelope))
                yield rest

        with Behind(writer.add) as written, closing(ahead(gathered(fresh()))) as framed:
            place = partial(parser.place, formats=formats)
            with closing(side_by_side(place, framed)) as ready:
                for batches in ready:
                    written.put(parser.answer(batches))
                    progress(reader.total, writer.records)
        return chunk_list

    @staticmethod
    def _records_before(known: identity.Known | None) -> int:
        """How many records of the content an earlier upload has read for good: a last line without an end is read again."""
        if known is None:
            return 0
        return known.content.records - (0 if known.content.ended_in_newline else 1)

    def _continue(self, receipt: Receipt, known: identity.Known, writer: Writer) -> Receipt:
        supersedes: list[list[Any]] = []
        if not known.content.ended_in_newline:
            supersedes.append([known.upload_id, known.content.records])
            earlier = self.lake.receipt(known.upload_id)
            for text in earlier.days if earlier else []:
                day = date.fromisoformat(text)
                file = self.lake.event_file(day, self.source, known.upload_id)
                if pc.any(
                    pc.equal(pq.read_table(file, columns=["record_no"])["record_no"], known.content.records)
                ).as_py():
                    writer.touch_day(day)
        return replace(
            receipt, continues=known.upload_id, first_record_no=self._records_before(known) + 1, supersedes=supersedes
        )

    def _judge(self, receipt: Receipt, formats: Sequence[Format], writer: Writer) -> Receipt:
        """Fill in the counts; refuse an upload that gave nothing, with the reason why."""
        total = writer.events + sum(writer.skips.values()) + sum(writer.rejects.values())
        if total != writer.records:
            raise AssertionError(f"{self.file_name}: {writer.records} records, but {total} outcomes")
        receipt = replace(
            receipt,
            outcome="loaded_with_rejects" if writer.rejects else "loaded",
            records=writer.records,
            events=writer.events,
            transactions=writer.transactions,
            skips=dict(writer.skips.most_common()),
            rejects=dict(writer.rejects.most_common()),
            first_event_at=iso(writer.first),
            last_event_at=iso(writer.last),
            days=[day.isoformat() for day in sorted(writer.days)],
        )
        if writer.events or receipt.continues:
            return receipt
        names = ", ".join(spec.id for spec in formats)
        if writer.skips.get("too old") and not writer.rejects:
            raise QuarantineError(
                "all_too_old",
                f"{self.file_name}: found only events older than {self.settings.intake.max_age_days} days; expected recent ones. "
                "Export a recent log, or raise [intake] max_age_days and drop it again.",
            )
        if writer.rejects and not writer.skips.total() - writer.skips.get("blank line", 0) - writer.skips.get(
            "header", 0
        ):
            reason, count = writer.rejects.most_common(1)[0]
            raise QuarantineError(
                "format_mismatch",
                f"{self.file_name}: {names}: found no record of this format ({count:,} × {reason}); expected at least one. "
                "Correct the source's format in the configuration, or set it to auto.",
            )
        return receipt

    def _remember(self, receipt: Receipt, head: bytes, reader: _Content) -> None:
        content = Content(
            content_bytes=reader.total,
            content_sha256=reader.sha256,
            records=receipt.first_record_no - 1 + receipt.records,
            ended_in_newline=reader.ended_in_newline,
        )
        self.lake.write_content(self.source, identity.keys(head)[-1], receipt.upload_id, content)

    def _target(self, receipt: Receipt) -> Path:
        root = self.settings.folder("archive" if receipt.is_loaded else "quarantine")
        return root / drops.source_of(f"{self.source}/x") / receipt.upload_id / receipt.file_name

    def _moved(self, receipt: Receipt) -> Receipt:
        target = self._target(receipt)
        if not receipt.is_loaded:
            target.parent.mkdir(parents=True, exist_ok=True)
            note = target.with_name(target.name + ".reason.txt")
            note.write_text(f"{receipt.reason or receipt.outcome}\n{receipt.message}\n", encoding="utf-8")
        drops.move(self.path, target)
        drops.prune(self.path.parent, self.settings.folder("drops"))
        return receipt


class _Content:
    """Content passing by: counted, and hashed unless the hash is known, since the file is its content."""

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


def _head(path: Path, settings: Settings) -> bytes:
    """The first bytes of the content, enough to detect its format by."""
    found = b""
    for block in chunks(path, settings.intake, size=detect.SAMPLE_BYTES):
        found += block
        if len(found) > detect.SAMPLE_BYTES:
            break
    return found


def _after(records: Records, done: int) -> Records | None:
    """The records behind number `done`, or None when there is none among them."""
    skip = done - records.first + 1
    if skip <= 0:
        return records
    if skip >= len(records):
        return None
    flaws = {index - skip: flaw for index, flaw in records.flaws.items() if index >= skip}
    return Records(records.first + skip, records.lines.slice(skip), flaws, records.header, records.envelope)


def _chunk(spec: Format, envelope: str) -> dict[str, Any]:
    """Which chunk an envelope is; what it does not say is null."""
    assert spec.chunk is not None  # noqa: S101 - asked by the caller
    try:
        document = json.loads(envelope)
    except ValueError:
        document = {}
    return {name: _at(document, path) for name, path in spec.chunk.model_dump().items()}


def _at(document: Any, path: str) -> Any:
    for part in path.removeprefix("$.").split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document
