"""Tags: what was decided about an app, by whom, when and why. A log that only grows; the last decision holds.

`governance/tags.csv` in the home folder, one decision a line, oldest first:

at        ISO 8601 UTC
app_id    the catalog's id, or `uncatalogued:<domain>` as in dim_apps
tag       `sanctioned` `unsanctioned` `monitored`, of which one holds at a time, or `none` (takes it off);
          `label:<name>` and `unlabel:<name>` for labels of one's own, of which an app may have many
by        the person or the program that decided
via       `command` `bulk` `policy` `import`
note      why; one line

A cell that a spreadsheet would run as a formula is kept with a ' before it.
"""

from __future__ import annotations

import csv
import fcntl
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl.errors import GovernanceError, SettingsError
from etl.lake import replacing
from etl.settings import Settings, instant

COLUMNS = ("at", "app_id", "tag", "by", "via", "note")
STATUSES = ("sanctioned", "unsanctioned", "monitored", "none")
WAYS = ("command", "bulk", "policy", "import")
LABEL = re.compile(r"(?:label|unlabel):[a-z0-9][a-z0-9_-]{0,62}")
FORMULA = tuple("=+-@'")
CLOCK_DIFFERENCE = timedelta(minutes=5)  # between two machines that are well
LONGEST = 1000  # characters of a cell; a note is a sentence or two


@dataclass(frozen=True)
class Entry:
    """One decision. `at` is set when it is appended, unless it is given (an import knows when it was decided)."""

    app_id: str
    tag: str
    by: str
    via: str = "command"
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Tagged:
    """What holds for an app now. `tag` is null when only labels do; at, by, via and note are those of the tag."""

    app_id: str
    tag: str | None
    labels: tuple[str, ...] = ()
    at: datetime | None = None
    by: str | None = None
    via: str | None = None
    note: str | None = None


def path_of(settings: Settings) -> Path:
    """The log's path; the file need not be there."""
    folder = settings.governance.folder
    return (folder if folder.is_absolute() else settings.home / folder) / "tags.csv"


def append(settings: Settings, entries: Sequence[Entry]) -> list[Entry]:
    """Add decisions, all of them or (killed in between) none; gives them with the time they are kept under.

    Raises GovernanceError for a tag, a way, an app or a time that cannot be kept.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    kept = [_checked(replace(entry, at=_utc(entry.at or now))) for entry in entries]
    if late := [entry.at for entry in kept if entry.at and entry.at > now + CLOCK_DIFFERENCE]:
        raise GovernanceError(
            f"tag: found the time {max(late)}, which is to come; expected one that has been. Correct it."
        )
    path = path_of(settings)
    with _alone(path):
        before = _read(path) if path.exists() else ",".join(COLUMNS) + "\n"
        _parsed(path, before)  # a log that cannot be read is repaired by a person, not made longer
        gap = "" if before.endswith("\n") else "\n"
        with replacing(path) as temporary:
            temporary.write_text(before + gap + "".join(_line(entry) for entry in kept), encoding="utf-8")
    return kept


def history(settings: Settings, app_id: str | None = None) -> list[Entry]:
    """All decisions, or those about one app, oldest first. Raises GovernanceError naming the line that cannot be read."""
    path = path_of(settings)
    entries = _parsed(path, _read(path)) if path.exists() else []
    return [entry for entry in entries if app_id in (None, entry.app_id)]


def current(settings: Settings) -> dict[str, Tagged]:
    """What holds now, by app; an app without tag and labels is left out. Raises GovernanceError."""
    return state(history(settings))


def state(entries: Iterable[Entry]) -> dict[str, Tagged]:
    """What holds after these decisions, sorted by app."""
    found: dict[str, Tagged] = {}
    for entry in entries:
        before = found.get(entry.app_id, Tagged(entry.app_id, None))
        kind, _, label = entry.tag.partition(":")
        if label:
            others = set(before.labels) - {label}
            labels = others | {label} if kind == "label" else others
            found[entry.app_id] = replace(before, labels=tuple(sorted(labels)))
        elif entry.tag == "none":
            found[entry.app_id] = Tagged(entry.app_id, None, before.labels)
        else:
            said = (entry.at, entry.by, entry.via, entry.note or None)
            found[entry.app_id] = Tagged(entry.app_id, entry.tag, before.labels, *said)
    return {app_id: one for app_id, one in sorted(found.items()) if one.tag or one.labels}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # spreadsheets begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise GovernanceError(
            f"{path}: found bytes that are no text ({error}); expected UTF-8. Save it as UTF-8."
        ) from None


def _utc(at: datetime) -> datetime:
    """To the second, in UTC; a time without a zone is UTC."""
    zoned = at if at.tzinfo else at.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).replace(microsecond=0)


def _checked(entry: Entry) -> Entry:
    if entry.tag not in STATUSES and not LABEL.fullmatch(entry.tag):
        raise GovernanceError(
            f"tag: found {entry.tag!r}; expected {', '.join(STATUSES)}, or label:<name> in lower case. Correct it."
        )
    if entry.via not in WAYS:
        raise GovernanceError(f"tag: found the way {entry.via!r}; expected {', '.join(WAYS)}. Correct it.")
    plain = replace(entry, app_id=_plain(entry.app_id), by=_plain(entry.by), note=_plain(entry.note))
    if not plain.app_id:
        raise GovernanceError("tag: found no app; expected the id of one. See `cloud-discovery catalog lookup`.")
    return plain


def _plain(text: str) -> str:
    """One line: notes stand as comments in the configuration of devices, where a line end would begin a command."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST]


def _line(entry: Entry) -> str:
    at = (entry.at or datetime.now(UTC)).isoformat(timespec="seconds").replace("+00:00", "Z")
    by_column = dict(zip(("app_id", "tag", "by", "via", "note", "at"), astuple(entry), strict=True)) | {"at": at}
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_escaped(by_column[name]) for name in COLUMNS])
    return out.getvalue()


def _escaped(cell: str) -> str:
    return "'" + cell if cell.startswith(FORMULA) else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _parsed(path: Path, text: str) -> list[Entry]:
    """Decisions sorted by time; those of one instant in the order of the file."""
    reader = csv.reader(text.splitlines())
    if tuple(next(reader, ())) != COLUMNS:
        raise GovernanceError(f"{path}:1: found another heading; expected {','.join(COLUMNS)}. Restore the line.")
    entries = [_entry(path, number, row) for number, row in enumerate(reader, 2) if row]
    return sorted(entries, key=lambda entry: entry.at or datetime.min.replace(tzinfo=UTC))


def _entry(path: Path, number: int, row: list[str]) -> Entry:
    if len(row) != len(COLUMNS):
        raise GovernanceError(
            f"{path}:{number}: found {len(row)} cells; expected {', '.join(COLUMNS)}. Correct the line, or restore the file."
        )
    at, app_id, tag, by, via, note = (_unescaped(cell) for cell in row)
    try:
        return _checked(Entry(app_id, tag, by, via, note, _utc(instant(at))))
    except (GovernanceError, SettingsError) as error:
        raise GovernanceError(f"{path}:{number}: {error}") from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the log's lock, which dies with the process: two that decide at once both stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(".tags.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
