"""Our own endpoint chunk from Macs and Linux laptops: 4,000 transactions, or what an hour gave."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from etl.demo.logs.endpoint import endpoint_rows, json_records
from etl.demo.organisation import INTERNAL_DOMAIN
from etl.demo.scene import Drop, Scene
from etl.demo.text import HOUR, Ints, Numbers, join, spans

SOURCE = "endpoint_agents"
MOST = 4000
SILENT_DAY = 3
HEAD = (
    '{{"format":"cloud-discovery/endpoint-chunk","version":1,"chunk_id":"{chunk_id}",'
    '"device":{{"DeviceId":"{device_id}","DeviceName":"{device_name}"}},"sequence":{sequence},"sent_at":"{sent_at}","records":['
)


@dataclass
class Chunks:
    """Counts each device's chunks through the days; one of the `silent` device's is left out (-1: none)."""

    silent: int
    sequences: dict[int, int] = field(default_factory=dict)
    is_missing: bool = False

    def drops(self, scene: Scene) -> Iterator[Drop]:
        """One file a day, a chunk a line, in the order in which they were sent."""
        order = np.lexsort((scene.rows.at, scene.rows.device, scene.rows.at // HOUR))
        rows = endpoint_rows(scene.with_rows(scene.rows.take(order)))
        edges = _edges(rows.at // HOUR, rows.device)
        pieces = spans(join(json_records(rows, with_bytes=True), ","), edges)
        lines, told, count = [], None, 0
        for piece, (first, end) in zip(pieces, pairwise(edges), strict=True):
            device, hour = int(rows.device[first]), int(rows.at[first] // HOUR)
            head = self._head(scene, device, hour)
            if self._is_lost(scene, device, hour):
                told = (
                    "missing_chunk",
                    f"{_name(scene, device)}: chunk {self.sequences[device]} ({end - first} records) never arrives",
                )
                continue
            lines.append(head + piece[:-1] + b"]}\n")
            count += end - first
        yield Drop(SOURCE, f"chunks-{scene.stamp}.jsonl", b"".join(lines), count, scene.closed_at(), incident=told)

    def _head(self, scene: Scene, device: int, hour: int) -> bytes:
        self.sequences[device] = self.sequences.get(device, 100 + device % 37) + 1
        sent_at = datetime.fromtimestamp((hour + 1) * 3600, UTC) + timedelta(seconds=7 + device % 50)
        return HEAD.format(
            chunk_id=uuid.UUID(bytes=scene.rng.bytes(16), version=4),
            device_id=scene.world.organisation.device_ids[device],
            device_name=_name(scene, device),
            sequence=self.sequences[device],
            sent_at=f"{sent_at:%Y-%m-%dT%H:%M:%S}Z",
        ).encode()

    def _is_lost(self, scene: Scene, device: int, hour: int) -> bool:
        """The first chunk of the device after noon: others before and after it show the gap."""
        if self.is_missing or device != self.silent or not scene.is_day(SILENT_DAY) or hour % 24 < 12:
            return False
        self.is_missing = True
        return True


def _name(scene: Scene, device: int) -> str:
    return f"{scene.world.organisation.device_names[device].lower()}.{INTERNAL_DOMAIN}"


def _edges(hours: Ints, devices: Numbers) -> list[int]:
    """Where a chunk begins: a new hour, a new device, or 4,000 records."""
    if len(hours) == 0:
        return [0]
    changes = np.flatnonzero((np.diff(hours) != 0) | (np.diff(devices) != 0)) + 1
    starts = [0, *changes.tolist(), len(hours)]
    return [*(at for first, end in pairwise(starts) for at in range(first, end, MOST)), len(hours)]
