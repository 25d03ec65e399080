"""The questions that reports ask: `sql/reports/*.sql`, their headers, and their answers for one period and source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import ReportError
from reports.asking import Asker

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.engine import Connection

Row = dict[str, Any]
FOLDER = Path(__file__).parents[1] / "sql" / "reports"
_LINE = re.compile(r"^--\s*([\w ]+?):\s+(.*)$")


@dataclass(frozen=True)
class Header:
    """What a query's comment says: `what`, `grain`, `reads`, `units`, `params`; of findings also `title`, `says` …"""

    name: str
    entries: dict[str, str]

    def __getitem__(self, key: str) -> str:
        try:
            return self.entries[key]
        except KeyError:
            raise ReportError(
                f"sql/reports/{self.name}.sql: the header has no `{key}`; "
                f"found {', '.join(self.entries)}. Add the line `-- {key}: …`."
            ) from None


@cache
def header(name: str) -> Header:
    """The header of `sql/reports/<name>.sql`. Raises ReportError when there is no such query or no header."""
    path = FOLDER / f"{name}.sql"
    if not path.exists():
        raise ReportError(f"sql/reports/{name}.sql: no such query. Name one of {', '.join(names())}.")
    entries: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        match = _LINE.match(line)
        if match:
            key = "what" if match[1] == name else match[1]
            entries[key] = match[2].strip()
    if "what" not in entries:
        raise ReportError(f"sql/reports/{name}.sql: expected the first line `-- {name}: what it answers`. Write it.")
    return Header(name, entries)


def names(prefix: str = "") -> list[str]:
    """The queries there are, sorted: the folder is the list."""
    return sorted(path.stem for path in FOLDER.glob(f"{prefix}*.sql"))


class Answers:
    """Answers for one period and one choice of sources, each query asked once, on one connection of the warehouse.

    `sources`: None for all. A folder's name never holds `/`, so several are handed to the SQL joined by it.
    """

    def __init__(
        self,
        connection: Connection,
        first_day: date,
        last_day: date,
        sources: Sequence[str] | None = None,
    ) -> None:
        from etl import warehouse

        self._connection = connection
        self._published = set(warehouse.tables_on(connection))
        self._parameters: dict[str, Any] = {
            "first_day": first_day,
            "last_day": last_day,
            "source": "/".join(sources) if sources is not None else None,
        }
        self._rows: dict[str, list[Row]] = {}
        self._asker = Asker(self._ask)

    def has(self, name: str) -> bool:
        """Whether the tables that a query reads were published; in a new warehouse some are not there yet."""
        return self._published.issuperset(part.strip() for part in header(name)["reads"].split(","))

    def ahead(self, names: Iterable[str]) -> None:
        """Have these questions asked while the caller goes on."""
        self._asker.ahead(names)

    def rows(self, name: str) -> list[Row]:
        """The answer as dicts of plain Python values; null is None, an instant is UTC without a zone."""
        if name not in self._rows:
            self._rows[name] = plain_rows(self.table(name))
        return self._rows[name]

    def first(self, name: str, count: int) -> list[Row]:
        """The first rows of an answer that may be large."""
        return plain_rows(self.table(name).slice(0, count))

    def row(self, name: str) -> Row:
        """The only row of an answer; an empty dict when there is none."""
        return next(iter(self.rows(name)), {})

    def table(self, name: str) -> pa.Table:
        """The answer as an Arrow table, for what may be large: instants are timestamp[us], counts int64."""
        return self._asker.answer(name)

    def forget(self) -> None:
        """Let the answers go: the report that asked is written. Nothing is asked any more when this returns."""
        self._asker.forget()
        self._rows.clear()

    def _ask(self, name: str) -> pa.Table:
        import pyarrow as pa

        from etl import warehouse

        return warehouse.arrow_on(self._connection, name, **self._parameters) if self.has(name) else pa.table({})


def plain_rows(table: pa.Table) -> list[Row]:
    """Rows as dicts. A sum that was not cast comes as a decimal: it is a whole number again."""
    import pyarrow as pa

    whole = [one.name for one in table.schema if pa.types.is_decimal(one.type) and one.type.scale == 0]
    found: list[Row] = table.to_pylist()
    for row in found if whole else ():
        row |= {name: None if row[name] is None else int(row[name]) for name in whole}
    return found
