"""## Take in what was dropped

Finds the complete files in the drops folder and turns each, once, into events, rejects and a receipt. Starts within
seconds of a new file (asset `drops`) and every ten minutes besides. A run that finds nothing succeeds and says so.

**A task failed?** Its log names the drop. The drop stays where it was and the next run takes it again; nothing is
counted twice. A file that cannot be read does *not* fail the run: it lies in quarantine beside a reason.

By hand: `cloud-discovery intake`.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, cast

from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    AssetWatcher,
    CronTriggerTimetable,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from dags import defaults
from dags.arrivals import NewDrops
from etl import pipeline, settings

DROPS = Asset("drops", watchers=[AssetWatcher("new_drops", trigger=NewDrops())])
EVENTS = Asset("events")


@dag(
    dag_id="intake",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"), assets=[DROPS]),
    start_date=defaults.START,
    catchup=False,
    max_active_runs=1,
    default_args=defaults.TASK,
    tags=["cloud-discovery"],
    params={
        "task_for_each": Param(
            "drop",
            enum=["drop", "source"],
            title="A task for each",
            description="drop: a failed one holds no other back. source: its drops one after the other, the oldest first.",
        )
    },
)
def intake() -> None:
    @task(
        doc_md="Lists the complete drops in groups: one drop each (or those of a source), more only when there are over 500."
    )
    def find(params: dict[str, Any]) -> list[list[str]]:
        return pipeline.drop_groups(settings.load(), params["task_for_each"])

    @task(
        doc_md="Takes its drops in and hands on the ids of their uploads.",
        execution_timeout=timedelta(hours=6),
        max_active_tis_per_dag=2,
        map_index_template="{{ drop }}",
    )
    def take(drops: list[str]) -> list[str]:
        context = cast(dict[str, Any], get_current_context())
        context["drop"] = drops[0] if len(drops) == 1 else f"{drops[0]} and {len(drops) - 1} more"
        return [receipt.upload_id for receipt in pipeline.intake(settings.load(), drops)]

    @task(
        doc_md="Says what became of every drop; nothing to take in is said, too.", trigger_rule=TriggerRule.NONE_FAILED
    )
    def tell(groups: list[list[str]]) -> int:
        from etl.summary import receipt_lines

        taken = get_current_context()["ti"].xcom_pull(task_ids="take", map_indexes=list(range(len(groups))))
        lake = pipeline.lake_of(settings.load())
        receipts = list(lake.receipts(upload_id for group in taken for upload_id in group or ()))
        logging.getLogger("cloud_discovery").info("\n".join(receipt_lines(receipts)))
        return sum(receipt.is_loaded for receipt in receipts)

    @task(doc_md="Announces new events to whoever schedules on the asset `events`.", outlets=[EVENTS])
    def announce(loaded: int) -> None:
        if not loaded:
            raise AirflowSkipException("no new events")

    groups = find()
    told = tell(groups)
    take.expand(drops=groups) >> told
    announce(told)


intake()
