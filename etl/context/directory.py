"""The file of people: CSV or LDIF, as the directory of the organisation exports it.

What the file does not say of somebody is null. Two entries of one user are an error, as nobody could say which is true.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl.context.ldif import entries
from etl.context.settings import UsersFile
from etl.errors import ContextError

MEANINGS = ("upn", "display_name", "department")
MOST_CELL_CHARACTERS = 1 << 20  # a person may be in many groups
LONGEST = 1024  # characters kept of one value


@dataclass(frozen=True)
class Person:
    """What the directory says of one user. `groups`: sorted, without those that have no name; null: it does not say."""

    user_key: str
    upn: str | None = None
    display_name: str | None = None
    department: str | None = None
    groups: tuple[str, ...] | None = None


def user_key(name: str, domains: Sequence[str]) -> str:
    """The key that models know a user by (sql/models/intermediate/int_usage_daily.sql): the account, lower case."""
    account = name.strip().lower().rpartition("\\")[2]
    local, _, domain = account.partition("@")
    return local if domain and domain in {one.lower() for one in domains} else account


def read_directory(file: UsersFile, home: Path, domains: Sequence[str]) -> list[Person]:
    """All people of the file, sorted by key; none without a file. Raises ContextError."""
    if not file.path:
        return []
    path = home / Path(file.path).expanduser()
    found: dict[str, tuple[int, Person]] = {}
    for number, values in _records(file, path):
        person = _person(file, values, domains)
        if person is None:
            continue
        if person.user_key in found and found[person.user_key][1] != person:
            raise ContextError(
                f"{path}: found {person.user_key!r} at {found[person.user_key][0]} and, otherwise, at {number}; "
                "expected a user once. Remove one of the entries."
            )
        found.setdefault(person.user_key, (number, person))
    return [found[key][1] for key in sorted(found)]


def _records(file: UsersFile, path: Path) -> Iterator[tuple[int, dict[str, list[str]]]]:
    """Where a record begins (line, from 1) and its values by column or attribute."""
    try:
        size = path.stat().st_size
        if size > file.max_bytes:
            raise ContextError(
                f"{path}: found {size:,} bytes; expected at most {file.max_bytes:,}. Raise [context.users] max_bytes."
            )
        is_ldif = file.format == "ldif" or (file.format == "auto" and path.suffix.lower() in (".ldif", ".ldf"))
        yield from _ldif(file, path) if is_ldif else _csv(file, path)
    except OSError as error:
        raise ContextError(
            f"{path}: found no file that can be read ({error.strerror}); expected the users. Correct [context.users] path."
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ContextError(
            f"{path}: found text that cannot be read ({error}); expected UTF-8. Export it anew."
        ) from None


def _csv(file: UsersFile, path: Path) -> Iterator[tuple[int, dict[str, list[str]]]]:
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle, delimiter=file.delimiter, restval="")
        header = reader.fieldnames or []
        if file.user not in header:
            raise ContextError(
                f"{path}: found the columns {', '.join(map(repr, header))}; expected {file.user!r} among them. "
                "Name the column in [context.users] user, or correct its delimiter."
            )
        for row in reader:
            cells = {str(name): [value] for name, value in row.items() if name and isinstance(value, str)}
            if file.groups in cells:
                cells[file.groups] = cells[file.groups][0].split(file.group_delimiter)
            yield reader.line_num, cells


def _ldif(file: UsersFile, path: Path) -> Iterator[tuple[int, dict[str, list[str]]]]:
    with path.open(encoding="utf-8-sig", newline=None) as handle:
        for line, found in entries(handle, str(path)):
            named = {}
            for name in (file.user, *(getattr(file, meaning) for meaning in MEANINGS), file.groups):
                if name and name.lower() in found:
                    named[name] = found[name.lower()]
            if file.groups in named:
                named[file.groups] = [_common_name(one) for one in named[file.groups]]
            yield line, named


def _common_name(distinguished_name: str) -> str:
    """`CN=Sales\\, EMEA,OU=Groups,DC=example` is the group `Sales, EMEA`; what is no such name stays as it is."""
    kind, equals, rest = distinguished_name.partition("=")
    if not equals or kind.strip().lower() not in ("cn", "ou", "uid"):
        return distinguished_name
    name, is_escaped = "", False
    for char in rest:
        if is_escaped or char not in "\\,":
            name, is_escaped = name + char, False
        elif char == "\\":
            is_escaped = True
        else:
            break
    return name


def _person(file: UsersFile, values: dict[str, list[str]], domains: Sequence[str]) -> Person | None:
    """None for an entry without a user: a directory holds other things, too."""
    key = user_key(_first(values, file.user) or "", domains)
    if not key:
        return None
    upn, display_name, department = (_first(values, getattr(file, meaning)) for meaning in MEANINGS)
    groups = None
    if file.groups in values:
        groups = tuple(sorted({one.strip()[:LONGEST] for one in values[file.groups]} - {""}))
    return Person(key, upn, display_name, department, groups)


def _first(values: dict[str, list[str]], name: str) -> str | None:
    return next((text for one in values.get(name, ()) if (text := one.strip()[:LONGEST])), None)
