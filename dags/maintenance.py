"""## Keep the lake in bounds

Removes events older than `[retention] events_days` (90 by default) and daily facts older than `facts_days` (two years),
and what killed runs left behind. Refreshes what `[catalog.sources]` imports into the catalog. Safe beside a running intake.

**A task failed?** Usually a folder that this user may not write, or a source of the catalog that gave no answer: the log says which,
and the import before it still holds. Repeat it at any time.

By hand: `cloud-discovery maintain`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

from dags import defaults
from etl import pipeline, settings


@dag(
    dag_id="maintenance",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 4 * * *", timezone="UTC"),
    start_date=defaults.START,
    catchup=False,
    max_active_runs=1,
    default_args=defaults.TASK,
    tags=["cloud-discovery"],
)
def maintenance() -> None:
    @task(doc_md="Applies retention, refreshes imports, and hands on what was done.")
    def maintain() -> dict[str, Any]:
        return asdict(pipeline.maintain(settings.load()))

    maintain()


maintenance()
