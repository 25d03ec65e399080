"""The one door to the warehouse: publish what the lake holds, answer the questions of reports.

The warehouse is any database behind an SQLAlchemy URL; DuckDB (the embedded default) and PostgreSQL are tested. It is a
copy: it can be thrown away and published again. A reader sees the old tables or the new ones, never a part: on DuckDB
another file is brought up to date and swapped in, on PostgreSQL everything happens in one transaction.
"""

from __future__ import annotations

from etl.warehouse.database import examine, reading
from etl.warehouse.publishing import Published, publish
from etl.warehouse.questions import arrow_on, query, rows, rows_on, sql_of, stream, tables, tables_on

__all__ = [
    "Published",
    "arrow_on",
    "examine",
    "publish",
    "query",
    "reading",
    "rows",
    "rows_on",
    "sql_of",
    "stream",
    "tables",
    "tables_on",
]
