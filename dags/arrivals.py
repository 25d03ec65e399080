"""Notice new drops within seconds: the event trigger behind the asset `drops`.

Airflow's own file triggers watch one file and delete it; a drop must be neither. This one looks at the drops folder with
the same eyes as intake (settled, complete files) and takes nothing away. It runs in Airflow's triggerer, imported by its
path, so the project must be installed there (an editable install, or the image of `docker-compose.yml`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from etl import pipeline, settings
from etl.errors import CloudDiscoveryError

NAMED = 20  # names that an event carries; the rest is a number


class NewDrops(BaseEventTrigger):
    """Fires when a complete drop lies in the drops folder that was not there at the last look.

    `seconds`: how long between two looks. A drop that stays (a run failed over it) fires once; the time schedule of the
    DAG `intake` comes back for it. After a restart everything that lies there fires once more, which costs an empty run.
    """

    def __init__(self, seconds: float = 15.0) -> None:
        super().__init__()
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "dags.arrivals.NewDrops", {"seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, tell, wait, for ever. A folder or a configuration that cannot be read is logged and tried again."""
        known: set[str] = set()
        while True:
            try:
                found = set(await asyncio.to_thread(lambda: pipeline.find_drops(settings.load())))
            except (CloudDiscoveryError, OSError) as error:
                self.log.warning("cannot look for drops: %s", error)
            else:
                new = sorted(found - known)
                known = found
                if new:
                    yield TriggerEvent({"drops": new[:NAMED], "count": len(new)})
            await asyncio.sleep(self.seconds)
