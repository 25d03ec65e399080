"""One drop, from the folder to its receipt. Every drop ends as loaded, duplicate or quarantined, with a reason."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from etl.errors import QuarantineError, SettingsError
from etl.intake import content, continuing, detect, drops, identity, judging, reading
from etl.intake.flow import Behind, ahead, side_by_side
from etl.intake.formats import Format, available
from etl.intake.framing import Records, gathered
from etl.intake.logformat import of_sources
from etl.intake.parse import Parser
from etl.intake.reading import HEAD_BYTES
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
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _parsers: dict[str, Parser] = field(default_factory=dict)
    logformats: dict[str, Format] = field(init=False)  # by source

    def __post_init__(self) -> None:
        """Raises SettingsError for a logformat that cannot be one."""
        self.logformats = of_sources(self.settings)

    @cached_property
    def formats(self) -> dict[str, Format]:
        """All formats by id. Raises FormatError."""
        return available(self.settings.formats_folder)

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
    """One drop becoming an upload."""

    def __init__(self, intake: Intake, drop: str, source: str, path: Path) -> None:
        self.intake, self.settings, self.lake = intake, intake.settings, intake.lake
        self.source, self.path, self.is_link = source, path, path.is_symlink()
        self.file_name = drop.partition("/")[2] or drop
        self.config = self.settings.source(source)
        self.started_at = datetime.now(UTC)

    def run(self, progress: Progress) -> Receipt:
        receipt = self._begun()
        if receipt.finished_at:  # a killed run wrote the receipt and did not come to move the file
            return self._moved(receipt)
        try:
            receipt = self._load(receipt, progress)
        except QuarantineError as error:
            receipt = replace(receipt, outcome="quarantined", reason=error.reason, message=str(error))
        receipt = replace(receipt, finished_at=iso(datetime.now(UTC)) or "")
        self.lake.write_receipt(receipt)
        return self._moved(receipt)

    def _begun(self) -> Receipt:
        """A receipt that is not finished; or the finished one of this very drop, when the file still has to be moved."""
        sha256 = hashlib.sha256(str(self.path.readlink()).encode()).hexdigest() if self.is_link else self._file_sha256()
        for ordinal in itertools.count():
            upload_id = identity.upload_id(self.source, sha256, ordinal)
            earlier = self.lake.receipt(upload_id)
            if earlier is None:
                break
            if earlier.file_name == self.file_name and not self._target(earlier).exists():
                return earlier
        return Receipt(
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

    def _file_sha256(self) -> str:
        """Meanwhile the first drop of a run makes ready what all need."""
        with ThreadPoolExecutor(1) as beside:
            found = beside.submit(identity.file_sha256, self.path)
            assert self.intake.formats  # noqa: S101 - read once
            self.intake.parser(self.config.timezone)
            return found.result()

    def _load(self, receipt: Receipt, progress: Progress) -> Receipt:
        if self.is_link:
            raise QuarantineError(
                "unsupported_file_type",
                f"{self.file_name}: found a symbolic link; expected a file. Drop a copy of what it points to.",
            )
        limits = self.settings.intake
        head = content.head(self.path, limits)
        known = identity.recognise(self.lake, self.source, self.path, head[:HEAD_BYTES], limits)
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
            sha256 = receipt.file_sha256 if reading.is_verbatim(self.path) else None
            passing = content.Passing(reading.chunks(self.path, limits), sha256)
            chunks = self._parse(passing, formats, parser, writer, known, progress)
            receipt = replace(
                receipt,
                source_kind=kind,
                log_format=formats[0].id if len(formats) == 1 else "mixed:" + "+".join(spec.id for spec in formats),
                is_detected=is_detected,
                content_bytes=passing.total,
                content_sha256=passing.sha256,
                chunks=chunks,
            )
            if known is not None:
                receipt = continuing.continued(receipt, known, self.lake, writer)
            receipt = judging.counted(receipt, writer)
            judging.refuse_nothing(receipt, formats, limits.max_age_days)
            writer.commit()
        except BaseException:
            writer.abandon()
            raise
        self._remember(receipt, head[:HEAD_BYTES], passing)
        return receipt

    def _formats(self, head: bytes, parser: Parser) -> tuple[list[Format], bool]:
        """The formats of the content (several: each record is of one of them), and whether they were detected."""
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
        passing: content.Passing,
        formats: Sequence[Format],
        parser: Parser,
        writer: Writer,
        known: identity.Known | None,
        progress: Progress,
    ) -> list[dict[str, Any]]:
        """Content to what the writer has; framing, placing and writing run beside. Gives which chunks the envelopes were."""
        spec, done = formats[0], continuing.records_before(known)
        chunks: list[dict[str, Any]] = []

        def fresh() -> Iterator[Records]:
            for records in detect.framed(spec, iter(passing), self.settings.intake.max_record_bytes):
                rest = continuing.after(records, done)
                if rest is None:
                    continue
                if spec.chunk is not None and rest.envelope is not None:
                    chunks.append(spec.chunk.of(rest.envelope))
                yield rest

        parse = partial(parser.parse, formats=formats)
        hands = self.settings.compute.hands
        with (
            Behind(writer.add) as written,
            closing(ahead(gathered(fresh()))) as framed,
            closing(side_by_side(parse, framed, hands)) as parsed,
        ):
            for table in parsed:
                written.put(table)
                progress(passing.total, writer.records)
        return chunks

    def _remember(self, receipt: Receipt, head: bytes, passing: content.Passing) -> None:
        """Let the next upload know this content: it may be the same, or continue it."""
        known = Content(
            content_bytes=passing.total,
            content_sha256=passing.sha256,
            records=receipt.first_record_no - 1 + receipt.records,
            ended_in_newline=passing.ended_in_newline,
        )
        self.lake.write_content(self.source, identity.keys(head)[-1], receipt.upload_id, known)

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
