"""Log formats: one folder each, `format.toml` beside its samples. This module lists, reads and checks them.

A user's own folder (`[paths] formats`) works the same way and wins over ours when an id is in both.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from etl.errors import FormatError
from etl.events import EVENT_COLUMNS

BUILT_IN = Path(__file__).parent.parent / "formats"
FRAMES = ("columns", "csv", "w3c", "key_value", "cef", "leef", "json", "regex")
# Columns that intake fills in itself.
OURS = {"source", "source_kind", "log_format", "upload_id", "record_no"}
WRITABLE = tuple(name for name in EVENT_COLUMNS if name not in OURS)
# Not a column: a URL, host:port or host/path that gives dst_host, dst_port and url_path where nothing else does.
URL = "url"
NO_TEXTS = pa.nulls(1, pa.string())  # to try a regular expression on; a scalar would import pandas
ENTITIES = ("device", "user", "ip", "url", "app")
BYTES = ("uploaded", "downloaded", "total")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Frame(_Part):
    """How bytes become named text fields.

    `fields`: names by position (columns, csv without header), names to look for (csv with header, w3c, key_value, cef,
    leef), name → path (json: `$.a.b`), or the groups of `pattern` (regex: leave out). `envelope`: name → path in the
    text around the elements (json). `syslog`: strip an optional RFC 3164 or 5424 prefix and give `syslog_time` and
    `syslog_host`; `structured`: leave the structured data of RFC 5424, for the fields are in it. A field that a record
    lacks is null. key_value: `separator` and `assign` divide; `after` is a regular expression, and what stands up to its
    first match is no pair; `bare`: values are never quoted and may hold the separator, a pair ends where the next name
    begins; `quoted`: all values are in double quotes, which is read faster.
    """

    type: Literal["columns", "csv", "w3c", "key_value", "cef", "leef", "json", "regex"]
    fields: tuple[str, ...] | dict[str, str] = ()
    envelope: dict[str, str] = Field(default_factory=dict)
    pattern: str = ""
    separator: str = ""
    assign: str = "="
    after: str = ""
    bare: bool = False
    quoted: bool = False
    header: bool = False
    rows: bool = False
    syslog: bool = False
    structured: bool = False
    least: int = 0
    default_fields: tuple[str, ...] = ()


class Detect(_Part):
    """What makes a sample this format and no other: regular expressions (RE2 syntax) on records and header lines.

    `pattern` must match a data record, `never` must not. `header` must match one of the header lines. `weight` breaks a
    tie between formats that read a sample equally well: a more specific format is heavier; 1 is for catch-alls.
    `companions`: formats whose records come in the same stream, though a sample may hold none of them.
    """

    pattern: str = ""
    never: str = ""
    header: str = ""
    weight: int = 10
    companions: tuple[str, ...] = ()


class Chunk(_Part):
    """Where an envelope says which chunk it is (JSON paths `$.a.b`), so that a missing one is noticed."""

    device: str
    chunk_id: str
    sequence: str

    def of(self, envelope: str) -> dict[str, Any]:
        """Which chunk an envelope is; what it does not say is null."""
        try:
            document = json.loads(envelope)
        except (ValueError, RecursionError):
            document = {}
        return {name: _at(document, path) for name, path in self.model_dump().items()}


def _at(document: Any, path: str) -> Any:
    """What a JSON path `$.a.b` leads to; null when it leads nowhere."""
    for part in path.removeprefix("$.").split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


class Provides(_Part):
    """What this source can know at all; pages show the rest as unknown."""

    entities: tuple[Literal["device", "user", "ip", "url", "app"], ...]
    bytes: tuple[Literal["uploaded", "downloaded", "total"], ...] = ()


class Format(_Part):
    """One `format.toml`, checked. `event` maps event columns to SQL expressions over the fields.

    `without`: usual case that no sample shows → why it cannot occur.
    """

    id: str
    folder: Path
    title: str
    vendor: str
    document: str
    confidence: Literal["verified on real logs", "from the vendor's document", "by convention"]
    kind: Literal["proxy", "endpoint"] = "proxy"
    time: str  # what the time field looks like, for people: "seconds since 1970"
    frame: Frame
    detect: Detect
    let: dict[str, str] = Field(default_factory=dict)
    event: dict[str, str]
    skip: dict[str, str] = Field(default_factory=dict)
    reject: dict[str, str] = Field(default_factory=dict)
    provides: Provides
    chunk: Chunk | None = None
    without: dict[Literal["blocked", "address"], str] = Field(default_factory=dict)

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names that expressions may use, without those of `let`."""
        frame = self.frame
        if frame.type == "regex":
            names = tuple(re.findall(r"\(\?P?<([A-Za-z_]\w*)>", frame.pattern))
        else:
            names = tuple(name.split("|")[0] for name in frame.fields)  # other spellings follow: "a|b"
        return names + tuple(frame.envelope) + (("syslog_time", "syslog_host") if frame.syslog else ())


def available(user_folder: Path | None = None) -> dict[str, Format]:
    """All formats by id: ours, then the user's, which win.

    Raises FormatError with file, key, what was found and what was expected.
    """
    found = dict(_built_in())
    if user_folder is not None:
        if not user_folder.is_dir():
            raise FormatError(f"{user_folder}: no such folder; expected one folder a format. Correct [paths] formats.")
        found.update(_listed(user_folder))
    return found


@lru_cache(maxsize=1)
def _built_in() -> dict[str, Format]:
    return _listed(BUILT_IN)


def _listed(folder: Path) -> dict[str, Format]:
    return {path.parent.name: read(path.parent) for path in sorted(folder.glob("*/format.toml"))}


def read(folder: Path) -> Format:
    """Read one format folder. Raises FormatError."""
    path = folder / "format.toml"
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{path}: found no readable TOML ({error}); expected a format. See docs/custom-formats.md."
        ) from None
    try:
        spec = Format.model_validate({**data, "id": folder.name, "folder": folder})
    except ValidationError as error:
        item = error.errors()[0]
        key = ".".join(str(part) for part in item["loc"])
        value = "no such key" if item["type"] == "missing" else repr(item["input"])
        raise FormatError(f"{path}: {key}: found {value}; expected: {item['msg']}. Correct the file.") from None
    _check(path, spec)
    return spec


def _check(path: Path, spec: Format) -> None:
    for column in spec.event:
        if column not in (*WRITABLE, URL):
            raise FormatError(
                f"{path}: [event]: found column {column!r}; expected one of {', '.join((*WRITABLE, URL))}. Rename it."
            )
    if "event_at" not in spec.event:
        raise FormatError(f"{path}: [event]: found no event_at; expected the time of the transaction. Add it.")
    if not spec.detect.pattern and not spec.detect.header:
        raise FormatError(f"{path}: [detect]: found neither pattern nor header; expected one. Add it.")
    for where, pattern in (
        ("[detect] pattern", spec.detect.pattern),
        ("[detect] never", spec.detect.never),
        ("[frame] pattern", spec.frame.pattern),
        ("[frame] after", spec.frame.after),
    ):
        try:
            pc.match_substring_regex(NO_TEXTS, pattern)
        except pa.ArrowInvalid as error:
            raise FormatError(
                f"{path}: {where}: found {pattern!r}; expected a regular expression of the engine (RE2): {error}. Correct it."
            ) from None
    if spec.frame.type == "regex" and not spec.field_names:
        raise FormatError(f"{path}: [frame] pattern: found no named group; expected (?P<name>…). Name the groups.")
    if spec.frame.type == "json" and not isinstance(spec.frame.fields, dict):
        raise FormatError(f"{path}: [frame] fields: found a list; expected name = '$.path' for json. Write paths.")
