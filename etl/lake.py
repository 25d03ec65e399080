"""The lake: plain files, partitioned by day. The only code that knows the folder layout and how a file is replaced.

    uploads/<upload_id>.json                             receipt; written last: no receipt, no upload
    contents/<source>/<key>/<upload_id>.json             which contents a source has sent; finds duplicate and grown logs
    events/day=YYYY-MM-DD/<source>-<upload_id>.parquet   etl.events.EVENT_SCHEMA
    rejects/<upload_id>.parquet                          etl.events.REJECT_SCHEMA
    <model>/day=YYYY-MM-DD/<model>.parquet               a daily model
    <model>/<model>.parquet                              a model without day
    …/inputs.json                                        beside a model's Parquet: the fingerprint of what it was built from

A file is written under a temporary name, flushed, renamed. All days are UTC.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

LOADED = ("loaded", "loaded_with_rejects")


@dataclass(frozen=True)
class Receipt:
    """What became of one upload. Instants are ISO 8601 UTC; sizes are bytes.

    records = events + sum(skips) + sum(rejects), always.
    """

    upload_id: str
    source: str
    source_kind: str | None
    file_name: str
    file_bytes: int
    file_sha256: str
    outcome: str  # loaded | loaded_with_rejects | duplicate | quarantined
    started_at: str
    finished_at: str
    reason: str | None = None  # code of DESIGN 3.3 for a quarantined file
    message: str | None = None  # the same for a person
    content_bytes: int | None = None  # after decompression and, for UTF-16, transcoding
    content_sha256: str | None = None
    log_format: str | None = None
    is_detected: bool | None = None  # false when the configuration named the format
    records: int = 0
    events: int = 0
    transactions: int = 0
    skips: dict[str, int] = field(default_factory=dict)
    rejects: dict[str, int] = field(default_factory=dict)
    first_event_at: str | None = None
    last_event_at: str | None = None
    days: list[str] = field(default_factory=list)
    duplicate_of: str | None = None
    continues: str | None = None  # the upload this log grew from; its records are not read again
    first_record_no: int = 1
    supersedes: list[list[Any]] = field(default_factory=list)  # [upload_id, record_no] of a line that was cut off then
    chunks: list[dict[str, Any]] = field(default_factory=list)  # endpoint chunks: device, chunk id, sequence number

    @property
    def is_loaded(self) -> bool:
        return self.outcome in LOADED

    @classmethod
    def from_json(cls, text: str) -> Receipt:
        """Read a receipt; keys of a newer version are ignored."""
        known = {item.name for item in fields(cls)}
        return cls(**{key: value for key, value in json.loads(text).items() if key in known})


@dataclass(frozen=True)
class Content:
    """What an upload's content was, to recognise it, or its beginning, when it comes again."""

    content_bytes: int
    content_sha256: str
    records: int  # counted from the beginning of the content, whatever part of it this upload read
    ended_in_newline: bool


class Lake:
    """One lake folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # receipts

    def receipt_path(self, upload_id: str) -> Path:
        return self.root / "uploads" / f"{upload_id}.json"

    def write_receipt(self, receipt: Receipt) -> None:
        with replacing(self.receipt_path(receipt.upload_id)) as temporary:
            temporary.write_text(json.dumps(asdict(receipt), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def receipt(self, upload_id: str) -> Receipt | None:
        """The receipt of an upload, or None when there is none (the upload does not exist)."""
        try:
            return Receipt.from_json(self.receipt_path(upload_id).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def upload_ids(self) -> list[str]:
        """All upload ids, sorted; costs one directory listing, reads no receipt."""
        return sorted(path.stem for path in _listing(self.root / "uploads", ".json"))

    def receipts(self, upload_ids: Iterable[str] | None = None) -> Iterator[Receipt]:
        for upload_id in self.upload_ids() if upload_ids is None else upload_ids:
            found = self.receipt(upload_id)
            if found is not None:
                yield found

    # events and rejects

    def event_file(self, day: date, source: str, upload_id: str) -> Path:
        return self.root / "events" / f"day={day.isoformat()}" / f"{_safe(source)}-{upload_id}.parquet"

    def event_days(self) -> list[date]:
        """Days that have event files, sorted."""
        return _days(self.root / "events")

    def event_files(self, day: date) -> list[Path]:
        """Event files of a day whose upload has a receipt, sorted by name. Others are left-overs of a killed run."""
        folder = self.root / "events" / f"day={day.isoformat()}"
        return [path for path in _listing(folder, ".parquet") if self.receipt_path(upload_id_of(path)).exists()]

    def reject_file(self, upload_id: str) -> Path:
        return self.root / "rejects" / f"{upload_id}.parquet"

    # contents: which contents a source has sent

    def write_content(self, source: str, key: str, upload_id: str, content: Content) -> None:
        with replacing(self._contents(source, key) / f"{upload_id}.json") as temporary:
            temporary.write_text(json.dumps(asdict(content)) + "\n", encoding="utf-8")

    def contents(self, source: str, key: str) -> dict[str, Content]:
        """Contents of loaded uploads of a source under a key, by upload id."""
        found = {}
        for path in _listing(self._contents(source, key), ".json"):
            if self.receipt_path(path.stem).exists():
                found[path.stem] = Content(**json.loads(path.read_text(encoding="utf-8")))
        return found

    def _contents(self, source: str, key: str) -> Path:
        return self.root / "contents" / _safe(source) / key

    # models

    def partition(self, model: str, day: date | None = None) -> Path:
        folder = self.root / model if day is None else self.root / model / f"day={day.isoformat()}"
        return folder / f"{model}.parquet"

    def partitions(self, model: str) -> list[Path]:
        """The Parquet files of a model, daily ones in order of day."""
        single = self.partition(model)
        if single.exists():
            return [single]
        files = (self.partition(model, day) for day in _days(self.root / model))
        return [path for path in files if path.exists()]

    def model_days(self, model: str) -> list[date]:
        return [day for day in _days(self.root / model) if self.partition(model, day).exists()]

    def daily_models(self) -> list[str]:
        """Names of the models that have days, sorted."""
        folders = (
            (path for path in self.root.iterdir() if path.is_dir() and path.name != "events")
            if self.root.is_dir()
            else ()
        )
        return sorted(path.name for path in folders if _days(path))

    def fingerprint(self, model: str, day: date | None = None) -> str | None:
        """What the partition was built from, or None when it is not (completely) there."""
        path = self.partition(model, day)
        try:
            found = json.loads((path.parent / "inputs.json").read_text(encoding="utf-8"))["fingerprint"]
        except (FileNotFoundError, ValueError, KeyError):
            return None
        return str(found) if path.exists() else None

    def write_fingerprint(self, model: str, day: date | None, fingerprint: str) -> None:
        with replacing(self.partition(model, day).parent / "inputs.json") as temporary:
            temporary.write_text(json.dumps({"fingerprint": fingerprint}) + "\n", encoding="utf-8")

    # checks: what has been found right, so that a night checks what is new

    def day_fingerprint(self, day: date) -> str:
        """The state of a day's facts and events."""
        names = [path.name for path in self.event_files(day)]
        return hashlib.sha256(json.dumps([names, self.fingerprint("fct_usage_daily", day)]).encode()).hexdigest()

    def checked(self, day: date) -> str | None:
        path = self.root / "checks" / f"{day.isoformat()}.txt"
        return path.read_text(encoding="utf-8") if path.exists() else None

    def write_checked(self, day: date) -> None:
        with replacing(self.root / "checks" / f"{day.isoformat()}.txt") as temporary:
            temporary.write_text(self.day_fingerprint(day), encoding="utf-8")

    def unchecked_uploads(self) -> list[str]:
        """Uploads that came since the last check of receipts."""
        path = self.root / "checks" / "uploads.txt"
        known = set(path.read_text(encoding="utf-8").split()) if path.exists() else set()
        return [upload_id for upload_id in self.upload_ids() if upload_id not in known]

    def write_checked_uploads(self) -> None:
        with replacing(self.root / "checks" / "uploads.txt") as temporary:
            temporary.write_text("\n".join(self.upload_ids()), encoding="utf-8")

    def drop_day(self, dataset: str, day: date) -> None:
        """Remove one day of events or of a model (retention)."""
        shutil.rmtree(self.root / dataset / f"day={day.isoformat()}", ignore_errors=True)


def _safe(name: str) -> str:
    """A source's name as part of a path: a folder's name is somebody's input, too."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return (
        plain
        if plain == name and not name.startswith(".")
        else f"{plain.lstrip('.')}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    )


def upload_id_of(event_file: Path) -> str:
    """The upload id in an event file's name."""
    return event_file.stem.rpartition("-")[2]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on leaving, flush it to disk and rename it over `path`.

    A reader sees the old file or the new one, never a part. On an error the temporary file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        flush(temporary)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def flush(path: Path) -> None:
    """Force a file's content to disk."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _listing(folder: Path, suffix: str) -> list[Path]:
    if not folder.is_dir():
        return []
    names = [entry.name for entry in os.scandir(folder)]
    return [folder / name for name in sorted(names) if name.endswith(suffix) and not name.startswith(".")]


def _days(folder: Path) -> list[date]:
    if not folder.is_dir():
        return []
    names = (entry.name for entry in os.scandir(folder))
    return sorted(date.fromisoformat(name.removeprefix("day=")) for name in names if name.startswith("day="))
