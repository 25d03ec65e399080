"""The header of an SQL file: what it is, what it reads, how it is kept; and whether the SQL keeps to it.

A header is the run of comment lines that opens the file: `-- name: what it is`, then `-- key: value` lines; a line
without a key goes on with the value before it. Only the tables that `reads` names are there when the SQL runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ModelError

if TYPE_CHECKING:
    from sqlglot import exp

SQL = Path(__file__).parent.parent / "sql"
KEYS = ("grain", "reads", "kept", "units", "adds up", "caveat", "severity", "params")

# Constructs that DuckDB and Spark answer differently, or that one of them lacks, each with the way out.
REFUSED = {
    r"\bqualify\b": "write a subquery: Spark applies LIMIT before it",
    r"\bdayofweek\b": "use isodow",
    r"\bdate_?diff\s*\(\s*'(minute|hour|second)'": "subtract epochs: DuckDB counts boundaries, Spark whole units",
    r"\b(quantile_cont|quantile_disc|approx_quantile|percentile_cont)\b": "use median, or a window",
    r"\bepoch_(ms|us|ns)\b": "use epoch",
    r"\b(time_bucket|age)\s*\(": "use date_trunc, or subtract epochs",
    r"\bweek\s*\(": "use date_trunc('week', …)",
    r"\bsimilar\s+to\b": "use regexp_matches",
    r"\b(generate_series|range)\s*\(": "join a table of numbers",
    r"\blist_slice\b|\[\s*-?\d*\s*:\s*-?\d*\s*\]": "unnest, or use split_part",
    r"\blen\s*\(": "use length for text, array_length for lists",
    r"\bmap\s*\{": "use a struct or JSON text",
    r"\b(arg_max|arg_min|max_by|min_by)\b": "join the greatest: ties and nulls differ",
    r"\b(any_value|first|last|mode|random|uuid)\s*\(": "use min or max: the same input must give the same rows",
    r"\bsubstr(ing)?\s*\([^,()]+,\s*0\b": "count characters from 1",
}


@dataclass(frozen=True)
class Header:
    """The name-and-purpose line and the keyed lines of one SQL file."""

    path: Path
    what: str
    entries: dict[str, str]

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the tables that the SQL may use."""
        return tuple(name.strip() for name in self.entries.get("reads", "").split(",") if name.strip())


def read_header(path: Path) -> tuple[str, dict[str, str]]:
    """What a file is, and the keyed lines of its header. Raises ModelError."""
    found = header(path)
    return found.what, found.entries


def header(path: Path) -> Header:
    """The header of an SQL file. Raises ModelError."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    title = re.match(r"^(\w+): (.+)$", lines[0]) if lines else None
    if title is None or title[1] != path.stem:
        raise ModelError(
            f"{path}:1: found no header; expected `-- {path.stem}: what it is`. Add it; see CONTRIBUTING.md."
        )
    entries: dict[str, str] = {}
    key = ""
    for line in lines[1:]:
        found = re.match(r"^([a-z ]+):\s*(.*)$", line)
        if found and found[1] in KEYS:
            key = found[1]
            if key in entries:
                raise ModelError(f"{path}: header: found `{key}` twice; expected it once. Join the two lines.")
            entries[key] = found[2]
        elif key:
            entries[key] += " " + line
    return Header(path, title[2], entries)


def code(sql: str) -> str:
    """The SQL without its comment lines: a word in a comment changes no row."""
    return "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))


@lru_cache(maxsize=256)  # a refusal is not kept; a model is built for many days
def check_sql(path: Path, sql: str, reads: tuple[str, ...]) -> None:
    """Raises ModelError when the SQL reads other tables than its header says, or uses what engines answer differently."""
    read = tables_read(path, sql)
    if unnamed := sorted(read - set(reads)):
        raise ModelError(
            f"{path}: found that the SQL reads {', '.join(unnamed)}; expected the header to say so. Add it to `reads`."
        )
    if unread := sorted(set(reads) - read):
        raise ModelError(f"{path}: reads: found {', '.join(unread)}, which the SQL does not read. Take it out.")
    if problems := differences(path, sql):
        raise ModelError(f"{path}: " + "; ".join(problems) + ". DuckDB and Spark would answer differently.")


def tables_read(path: Path, sql: str) -> frozenset[str]:
    """Names of the tables that a select really reads, its own common table expressions aside. Raises ModelError."""
    from sqlglot import exp

    tree = _tree(path, sql)
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table) if table.name not in named)


def differences(path: Path, sql: str) -> list[str]:
    """What in a select DuckDB and Spark are known to answer differently, with the way out. Raises ModelError."""
    from sqlglot import exp

    text, tree = code(sql).lower(), _tree(path, sql)
    found = [
        f"found {match[0][:40]!r}: {advice}"
        for pattern, advice in REFUSED.items()
        if (match := re.search(pattern, text))
    ]
    for total in tree.find_all(exp.Sum):
        cast = total.find_ancestor(exp.Cast, exp.Select)
        if not (isinstance(cast, exp.Cast) and cast.to.this == exp.DataType.Type.BIGINT):
            found.append(f"found {total.sql('duckdb')!r}: cast it to bigint, else it becomes a floating point number")
    for call in tree.find_all(exp.RegexpReplace):
        if call.args.get("modifiers") is None:
            found.append(f"found {call.sql('duckdb')!r}: give it 'g', as Spark replaces all")
    return found


@lru_cache(maxsize=256)
def _tree(path: Path, sql: str) -> exp.Query:
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        raise ModelError(f"{path}: found SQL that cannot be read ({error}); expected one select. Correct it.") from None
    if not isinstance(tree, exp.Query):
        raise ModelError(f"{path}: found a {type(tree).__name__.lower()}; expected one select. Correct it.")
    return tree
