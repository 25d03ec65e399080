"""A day's rows of a model that is kept whole: what looks over all days once (such as whether an app is new) and is then read day by day.

The rows themselves are the fingerprint, so that a day becomes stale when its own rows change, whatever happens to others.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.lake import Lake


def rows_of_day(lake: Lake, name: str, day: date) -> pa.Table | None:
    """The rows of a day; null when the model is not there yet."""
    path = lake.partition(name)
    if not path.exists():
        return None
    found = _whole(path, lake.fingerprint(name), path.stat().st_mtime_ns)
    return found.filter(pc.equal(found["day"], pa.scalar(day)))


def mark_of_day(lake: Lake, name: str, day: date) -> str | None:
    """A digest of the rows of a day."""
    found = rows_of_day(lake, name, day)
    if found is None:
        return None
    listed = sorted(json.dumps(row, default=str) for row in found.to_pylist())
    return hashlib.sha256(json.dumps([str(found.schema), listed]).encode()).hexdigest()


@lru_cache(maxsize=4)
def _whole(path: Path, fingerprint: str | None, changed_ns: int) -> pa.Table:
    """`fingerprint` and `changed_ns` (nanoseconds) say which version of the file it is."""
    del fingerprint, changed_ns
    return pq.read_table(path)
