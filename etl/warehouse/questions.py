"""Questions: SQL with bound parameters, answered as rows, an Arrow table, a frame, or batches.

`sql/reports/<name>.sql` runs unchanged on DuckDB and PostgreSQL. A parameter that may be null is written
`cast(:source as varchar)`: PostgreSQL must know the type of a null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult

from etl.errors import WarehouseError
from etl.headers import SQL
from etl.settings import Settings
from etl.warehouse.database import reading
from etl.warehouse.publishing import published_tables
from etl.warehouse.tables import INSTANT, NUMBER, TEXT, columns_of_all

if TYPE_CHECKING:
    import pandas as pd

BATCH_ROWS = 10_000
# PostgreSQL's numbers of its types. numeric comes of averages and of sums that are not cast.
POSTGRESQL_TYPES: dict[int, pa.DataType] = {
    16: pa.bool_(),
    20: NUMBER,
    21: NUMBER,
    23: NUMBER,
    25: TEXT,
    700: pa.float64(),
    701: pa.float64(),
    1043: TEXT,
    1082: pa.date32(),
    1114: INSTANT,
    1700: pa.float64(),
}


def sql_of(name: str) -> str:
    """The text of sql/reports/<name>.sql. Raises WarehouseError when there is none."""
    path = SQL / "reports" / f"{name}.sql"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.sql")))
        raise WarehouseError(f"sql/reports/{name}.sql: no such query. Name one of {known}.")
    return path.read_text(encoding="utf-8")


def rows(settings: Settings, name: str, **params: Any) -> list[dict[str, Any]]:
    """The rows of sql/reports/<name>.sql with bound parameters; null is None. Raises WarehouseError."""
    with reading(settings) as connection:
        return rows_on(connection, name, **params)


def rows_on(connection: Connection, name: str, **params: Any) -> list[dict[str, Any]]:
    """`rows` on a connection that is open: a report asks many questions."""
    return [dict(row) for row in _ask(connection, sql_of(name), params).mappings()]


def arrow_on(connection: Connection, name: str, **params: Any) -> pa.Table:
    """The answer as an Arrow table, for what may be large: instants timestamp[us], integers int64, days date32."""
    text = sql_of(name)
    if connection.dialect.name == "postgresql":
        result = _ask(connection, text, params)
        described = result.cursor.description
        fields = [(str(column[0]), POSTGRESQL_TYPES.get(cast(int, column[1]), TEXT)) for column in described]
        cells = list(zip(*result.fetchall(), strict=True)) or [()] * len(fields)
        arrays = [_array(column, kind) for column, (_, kind) in zip(cells, fields, strict=True)]
        return pa.table(arrays, names=[name for name, _ in fields])
    compiled = sa.text(text).bindparams(**_used(text, params)).compile(dialect=connection.dialect)
    bound = [compiled.params[key] for key in compiled.positiontup or ()]
    relation = connection.connection.dbapi_connection.sql(str(compiled), params=bound)  # type: ignore[union-attr]
    table: pa.Table = relation.to_arrow_table()
    small = (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16(), pa.uint32())
    return table.cast(pa.schema([(one.name, NUMBER if one.type in small else one.type) for one in table.schema]))


def _array(column: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    if pa.types.is_floating(kind):
        return pa.array([None if value is None else float(value) for value in column], kind)
    return pa.array(column, kind)


def query(settings: Settings, name: str, **params: Any) -> pd.DataFrame:
    """The same as a frame: integers are Int64 and stay integers beside nulls, truth is boolean, texts are str."""
    import pandas as pd

    with reading(settings) as connection:
        table = arrow_on(connection, name, **params)
    kinds = {NUMBER: pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=kinds.get)
    return frame


def stream(settings: Settings, select: str, **params: Any) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """A select's column names and rows in batches, the first one empty: bounded memory for exports."""
    with reading(settings) as connection:
        result = _ask(connection.execution_options(stream_results=True), select, params)
        names = list(result.keys())
        yield names, []
        while batch := result.fetchmany(BATCH_ROWS):
            yield names, [tuple(row) for row in batch]


def tables(settings: Settings) -> dict[str, list[str]]:
    """The published tables and their columns, in order. Raises WarehouseError."""
    with reading(settings) as connection:
        return tables_on(connection)


def tables_on(connection: Connection) -> dict[str, list[str]]:
    """`tables` on a connection that is open."""
    found = columns_of_all(connection)
    return {name: list(found[name]) for name in published_tables() if name in found}


def _ask(connection: Connection, text: str, params: dict[str, Any]) -> CursorResult[Any]:
    return connection.execute(sa.text(text), _used(text, params))


def _used(text: str, params: dict[str, Any]) -> dict[str, Any]:
    """Those of the common parameters that the SQL names."""
    return {key: value for key, value in params.items() if re.search(rf"(?<!:):{key}\b", text)}
