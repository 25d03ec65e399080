"""## The night

Builds the models for the days that new events touched, checks them, publishes them to the warehouse, renders and exports
the report and mails it. Runs at 02:00 UTC and waits for no one: what arrives later is in the next night's report, under its own day.

One task a model, in the order that the SQL declares. The tasks are a chain, so a failure anywhere stops what follows and
fails the run: no report is made from numbers that did not pass the checks.

**A task failed?** The last line of its log says what was found, what was expected and what to do. Clear the task to go on
from there; every step may be repeated.

By hand: `cloud-discovery build`, `publish`, `report`; or all of it, intake included: `cloud-discovery nightly`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, TaskGroup, chain, dag, task

from dags import defaults
from dags.handover import packed, unpacked
from etl import pipeline, settings


@dag(
    dag_id="nightly",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 2 * * *", timezone="UTC"),
    start_date=defaults.START,
    catchup=False,
    max_active_runs=1,
    default_args=defaults.TASK,
    tags=["cloud-discovery"],
)
def nightly() -> None:
    @task(doc_md="Builds one model for its stale days.", execution_timeout=timedelta(hours=4))
    def build(model: str) -> dict[str, Any]:
        built = pipeline.build_model(settings.load(), model)
        return {"days": [str(day) for day in built.days], "rows": built.rows}

    @task(
        doc_md="Runs all checks. Rows found by one of severity *fail* end the night here; other findings are handed on, and "
        "so are the apps that policies tagged."
    )
    def checks() -> list[str]:
        return pipeline.settle(settings.load())

    @task(doc_md="Brings the warehouse up to the lake. Readers see the old tables or the new ones.")
    def publish() -> list[str]:
        return list(pipeline.publish(settings.load()).lines())

    @task(
        doc_md="Renders pages and PDF and exports every table shown as CSV: one reading of the warehouse, put in place at once.",
        execution_timeout=timedelta(hours=2),
    )
    def render() -> list[dict[str, Any]]:
        from reports import nightly as report

        return packed(report.render(settings.load()))

    @task(doc_md="Mails the report; without a mail server it is written as .eml beside the report.")
    def send(rendered: list[dict[str, Any]]) -> str:
        from reports import mail

        return str(mail.send(settings.load(), unpacked(rendered)))

    with TaskGroup("models", prefix_group_id=False):
        models = [build.override(task_id=model)(model) for model in pipeline.model_order(settings.load())]
    rendered = render()
    chain(*models, checks(), publish(), rendered, send(rendered))


nightly()
