"""## A report on demand

Fill in the form and trigger. The report is rendered from the warehouse as it is; nothing is taken in and nothing is built.
It lies in a folder of its own, `output-on-demand/<time>/`, and is mailed to the recipients of the form, or to the configured ones.

**A task failed?** `render`: the period holds no published day, or a source is misspelt; the log says which and names what
there is. `send`: the mail server refused; clear the task when it is back.

By hand: `cloud-discovery report --period 30d --source NAME --format pdf`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from dags import defaults
from dags.handover import packed, unpacked
from etl import settings

DAY = r"\d{4}-\d{2}-\d{2}"


@dag(
    dag_id="report",
    doc_md=__doc__,
    schedule=None,
    start_date=defaults.START,
    max_active_runs=2,
    default_args=defaults.TASK,
    tags=["cloud-discovery"],
    params={
        "period": Param(
            "7d",
            type="string",
            title="Period",
            description="Days counted back from the latest day with data (7d, 30d, 90d), or both ends, included: 2026-11-01..2026-11-20.",
            pattern=rf"^([1-9]\d{{0,2}}d|{DAY}\.\.{DAY})$",
        ),
        "sources": Param(
            [],
            type="array",
            items={"type": "string", "minLength": 1},
            title="Sources",
            description="Names of folders under drops/, one a line. Empty: one report over all sources.",
        ),
        "recipients": Param(
            [],
            type="array",
            items={"type": "string", "pattern": r"^[^@\s,;<>]+@[^@\s,;<>]+$"},
            title="Recipients",
            description="Mail addresses, one a line. Empty: those of the configuration.",
        ),
        "formats": Param(
            ["html", "pdf", "csv"],
            type="array",
            items={"type": "string", "enum": ["html", "pdf", "csv"]},
            examples=["html", "pdf", "csv"],
            minItems=1,
            title="Formats",
            description="html: pages that open from disk; pdf: for executives; csv: every table shown, in full.",
        ),
    },
)
def report() -> None:
    @task(doc_md="Renders what the form asks for, into a folder of its own.", execution_timeout=timedelta(hours=2))
    def render(params: dict[str, Any], dag_run: Any) -> list[dict[str, Any]]:
        from reports import nightly as reports

        configured = settings.load()
        output = configured.folder("output")
        folder = output.with_name(f"{output.name}-on-demand") / f"{dag_run.run_after:%Y-%m-%dT%H%M%S}"
        return packed(
            reports.render(configured, params["period"], params["sources"], ",".join(params["formats"]), folder)
        )

    @task(doc_md="Mails the report; without a mail server it is written as .eml beside the report.")
    def send(rendered: list[dict[str, Any]], params: dict[str, Any]) -> str:
        from reports import mail

        configured = settings.load()
        if params["recipients"]:
            asked = configured.mail.model_copy(update={"recipients": tuple(params["recipients"])})
            configured = configured.model_copy(update={"mail": asked})
        return str(mail.send(configured, unpacked(rendered)))

    send(render())


report()
