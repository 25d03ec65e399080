"""What a warehouse holds, and what it lacks of the lake: told by the fingerprints of partitions and the ids of uploads."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from etl.errors import WarehouseError
from etl.lake import Lake
from etl.models import Model, models
from etl.warehouse import uploads
from etl.warehouse.tables import TEXT, Table, columns

PARTITIONS = Table(
    "published_partitions",
    pa.schema([("model", TEXT), ("day", TEXT), ("fingerprint", TEXT)]),
    ("model", "day"),
    is_unique=True,
)
Partition = tuple[str, str]  # model, day (ISO; empty for a model without day)


@dataclass(frozen=True)
class State:
    """What a warehouse holds: fingerprints by partition, and the ids of the uploads."""

    partitions: dict[Partition, str] = field(default_factory=dict)
    upload_ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, connection: Connection) -> State:
        known: dict[Partition, str] = {}
        if columns(connection, PARTITIONS.name):
            for row in connection.execute(sa.text("select model, day, fingerprint from published_partitions")):
                known[row.model, row.day] = row.fingerprint
        return cls(known, uploads.known(connection))


@dataclass(frozen=True)
class Lacking:
    """What a warehouse lacks of the lake, and what it has too much."""

    partitions: dict[Partition, str]
    gone: list[Partition]
    upload_ids: list[str]
    gone_upload_ids: list[str]

    def __bool__(self) -> bool:
        return bool(self.partitions or self.gone or self.upload_ids or self.gone_upload_ids)


def published_models() -> list[Model]:
    """The models that have a table in the warehouse."""
    return [model for model in models().values() if model.is_published]


def compare(lake: Lake, state: State) -> Lacking:
    """What a warehouse lacks. A partition that is being built just now is left as it is. Raises WarehouseError for an empty lake."""
    there: dict[Partition, str | None] = {}
    for model in published_models():
        if model.kept == "day":
            there |= {
                (model.name, day.isoformat()): lake.fingerprint(model.name, day) for day in lake.model_days(model.name)
            }
        elif lake.partition(model.name).exists():
            there[model.name, ""] = lake.fingerprint(model.name)
    upload_ids = lake.upload_ids()
    if state.upload_ids and not upload_ids and not there:
        raise WarehouseError(
            f"{lake.root}: found an empty lake, and a warehouse that is not; expected what was published. "
            "Check [paths] lake; to begin anew, remove the warehouse as well."
        )
    return Lacking(
        partitions={one: mark for one, mark in there.items() if mark and state.partitions.get(one) != mark},
        gone=sorted(one for one in state.partitions if one not in there),
        upload_ids=[one for one in upload_ids if one not in state.upload_ids],
        gone_upload_ids=sorted(state.upload_ids - set(upload_ids)),
    )
