"""The DAGs: what they promise in their structure, and what they do when Airflow runs them, in this process, on real drops."""

from __future__ import annotations

import asyncio
import copy
import email
import email.policy
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from etl import pipeline, settings
from etl.errors import CheckFailed
from etl.intake.drops import in_groups
from scripts.airflow_environment import ROOT, environment

NO_DAGS = {"__init__", "defaults", "arrivals", "handover"}
DAG_FILES = sorted({path.stem for path in (ROOT / "dags").glob("*.py")} - NO_DAGS)
YESTERDAY = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """All DAGs, with Airflow's metadata fresh in SQLite."""
    before = dict(os.environ)
    os.environ.update(environment(tmp_path_factory.mktemp("airflow"), level="ERROR"))
    try:
        from airflow.dag_processing.dagbag import DagBag
        from airflow.utils.db import initdb

        initdb()
        yield DagBag(dag_folder=ROOT / "dags")
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own: empty folders, drops complete at once."""
    install(tmp_path, monkeypatch)
    return tmp_path


def install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder the home of an installation."""
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(home))
    monkeypatch.delenv("CLOUD_DISCOVERY_CONFIG", raising=False)
    (home / "cloud-discovery.toml").write_text(
        "[intake]\nsettle_seconds = 0\n[compute]\nthreads = 2\n", encoding="utf-8"
    )
    (home / "drops" / "proxy").mkdir(parents=True)


def squid(home: Path, name: str, lines: int = 20, start: datetime = YESTERDAY) -> None:
    """Drop a Squid log of so many requests, one a second."""
    text = "".join(
        f"{start.timestamp() + number:.3f}    140 192.0.2.{number % 5 + 1} TCP_TUNNEL/200 {4000 + number} "
        f"CONNECT www.dropbox.com:443 alice HIER_DIRECT/203.0.113.7 -\n"
        for number in range(lines)
    )
    (home / "drops" / "proxy" / name).write_text(text, encoding="ascii")


def run(bag: Any, name: str, conf: dict[str, Any] | None = None) -> tuple[str, dict[str, list[str]]]:
    """Run a DAG without retries; gives its state and the states of each task's instances."""
    found = bag.dags[name]
    for task in found.tasks:
        task.retries = 0
    ours = [(one, copy.deepcopy(one.params)) for one in (found, *found.tasks)]
    done = found.test(run_conf=conf, logical_date=None)  # as when it is triggered by hand or over REST
    for one, params in ours:
        one.params = params  # the run left its conf in them
    states: dict[str, list[str]] = {}
    for instance in done.get_task_instances():
        states.setdefault(instance.task_id, []).append(str(instance.state))
    return str(done.state), states


# --- structure


def test_every_file_is_read(bag: Any) -> None:
    """Airflow reads all DAG files without error and finds the four DAGs."""
    assert bag.import_errors == {}
    assert set(bag.dags) == {"intake", "nightly", "report", "maintenance"} == set(DAG_FILES)


@pytest.mark.parametrize("name", DAG_FILES)
def test_dag_explains_itself(bag: Any, name: str) -> None:
    """A DAG has a document that says what to do when a task fails and how to do the same by hand; each task has one line."""
    found = bag.dags[name]
    assert "A task failed?" in found.doc_md and "By hand: `cloud-discovery" in found.doc_md
    assert all(task.doc_md and task.doc_md.endswith(".") for task in found.tasks)


@pytest.mark.parametrize("name", DAG_FILES)
def test_tasks_retry_and_end(bag: Any, name: str) -> None:
    """Each task has an owner, retries with pauses, and a time after which it is ended."""
    for task in bag.dags[name].tasks:
        assert task.owner == "cloud-discovery"
        assert task.retries == 2 and task.retry_delay >= timedelta(seconds=30)
        assert task.execution_timeout is not None and task.execution_timeout <= timedelta(hours=6)


@pytest.mark.parametrize("name", DAG_FILES)
def test_failure_reaches_the_run(bag: Any, name: str) -> None:
    """No task runs after a failed one, so a leaf is never green above a failure (a run's state is that of its leaves)."""
    for task in bag.dags[name].tasks:
        assert task.trigger_rule.value in ("all_success", "none_failed"), f"{name}.{task.task_id}"


@pytest.mark.parametrize(("name", "most"), [("intake", 1), ("nightly", 1), ("maintenance", 1), ("report", 2)])
def test_runs_do_not_pile_up(bag: Any, name: str, most: int) -> None:
    """One run at a time of what writes the lake, and no run for nights that were missed."""
    assert bag.dags[name].max_active_runs == most
    assert bag.dags[name].catchup is False


def test_nightly_builds_models_in_the_order_that_the_sql_declares(bag: Any) -> None:
    """The night is one chain that begins with a task for each kept model, in `pipeline.model_order`."""
    tasks = bag.dags["nightly"].topological_sort()
    order = [task.task_id for task in tasks]
    models = pipeline.model_order(settings.Settings())
    assert order == [*models, "checks", "publish", "render", "send"]
    for earlier, later in itertools.pairwise(tasks):
        assert earlier.task_id in later.upstream_task_ids


def test_intake_starts_by_time_and_by_new_files(bag: Any) -> None:
    """The schedule of intake holds the clock and the asset of new drops, which a trigger of ours watches."""
    from airflow.sdk.module_loading import import_string

    from dags.arrivals import NewDrops

    schedule = bag.dags["intake"].timetable
    assert schedule.timetable.expression == "*/10 * * * *"
    watchers = [watcher for asset in schedule.asset_condition.objects for watcher in asset.watchers]
    assert [watcher.trigger.serialize() for watcher in watchers] == [("dags.arrivals.NewDrops", {"seconds": 15.0})]
    assert import_string("dags.arrivals.NewDrops") is NewDrops


# --- runs


def test_intake_of_nothing_is_a_success(bag: Any, home: Path) -> None:
    """With no drop there is no task to map, the run succeeds, and no events are announced."""
    state, tasks = run(bag, "intake")
    assert state == "success"
    assert tasks == {"find": ["success"], "take": ["skipped"], "tell": ["success"], "announce": ["skipped"]}


def test_intake_takes_each_drop_in_a_task_of_its_own(bag: Any, home: Path) -> None:
    """Three drops are three mapped tasks; a file that cannot be read is quarantined and the run is green."""
    squid(home, "monday.log")
    squid(home, "tuesday.log", start=YESTERDAY + timedelta(hours=1))
    (home / "drops" / "proxy" / "broken.log.gz").write_bytes(b"\x1f\x8b\x08\x00 not gzip")
    state, tasks = run(bag, "intake")
    assert state == "success"
    assert tasks == {"find": ["success"], "take": ["success"] * 3, "tell": ["success"], "announce": ["success"]}
    receipts = list(pipeline.lake_of(settings.load()).receipts())
    assert sorted(one.outcome for one in receipts) == ["loaded", "loaded", "quarantined"]
    assert sum(one.events for one in receipts) == 40
    assert not [path for path in (home / "drops").rglob("*") if path.is_file()]


def test_intake_announces_events(bag: Any, home: Path) -> None:
    """A run that loaded something records an event of the asset `events`, on which other DAGs may be scheduled."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    count = select(func.count()).select_from(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
    with create_session() as session:
        before = session.scalar(count.where(AssetModel.name == "events"))
    squid(home, "announced.log")
    assert run(bag, "intake")[0] == "success"
    with create_session() as session:
        assert session.scalar(count.where(AssetModel.name == "events")) == before + 1


def test_many_drops_are_taken_in_groups(bag: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the largest number of tasks each task takes a group of drops, and none is left out."""
    monkeypatch.setattr("etl.intake.drops.in_groups", partial(in_groups, most=3))
    for number in range(7):
        squid(home, f"{number}.log", lines=number + 1, start=YESTERDAY + timedelta(minutes=number))
    state, tasks = run(bag, "intake")
    assert state == "success" and tasks["take"] == ["success"] * 3
    assert len(pipeline.lake_of(settings.load()).upload_ids()) == 7


def test_a_task_for_a_source_takes_its_drops_in_order(bag: Any, home: Path) -> None:
    """When it is asked for, each source is one task, which takes its drops oldest first, whatever they are called."""
    for age, name in enumerate(("c.log", "a.log", "b.log")):
        squid(home, name, start=YESTERDAY - timedelta(hours=age))
        os.utime(home / "drops" / "proxy" / name, (time := YESTERDAY.timestamp() - age, time))
    (home / "drops" / "other").mkdir()
    shutil.copy(home / "drops" / "proxy" / "a.log", home / "drops" / "other" / "a.log")
    state, tasks = run(bag, "intake", {"task_for_each": "source"})
    assert state == "success" and tasks["take"] == ["success"] * 2
    receipts = [one for one in pipeline.lake_of(settings.load()).receipts() if one.source == "proxy"]
    taken = [one.file_name for one in sorted(receipts, key=lambda one: one.started_at)]
    assert taken == ["b.log", "a.log", "c.log"]


def test_a_failed_drop_fails_the_run_and_harms_no_other(bag: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When taking one drop fails, the others are loaded, the run is red, and the next run takes the drop again."""
    squid(home, "good.log")
    squid(home, "unlucky.log", start=YESTERDAY + timedelta(hours=1))
    real = pipeline.intake

    def sometimes(configured: settings.Settings, drops: list[str], **rest: Any) -> Any:
        if "unlucky" in drops[0]:
            raise OSError("no space left on device")
        return real(configured, drops, **rest)

    monkeypatch.setattr(pipeline, "intake", sometimes)
    state, tasks = run(bag, "intake")
    assert state == "failed"
    assert sorted(tasks["take"]) == ["failed", "success"]
    assert tasks["announce"] == ["upstream_failed"]
    assert (home / "drops" / "proxy" / "unlucky.log").exists()
    monkeypatch.setattr(pipeline, "intake", real)
    assert run(bag, "intake")[0] == "success"
    assert sum(one.events for one in pipeline.lake_of(settings.load()).receipts()) == 40


def test_maintenance_applies_retention(bag: Any, home: Path) -> None:
    """Events beyond `[retention] events_days` are gone after the run, younger ones are not."""
    squid(home, "old.log", start=YESTERDAY - timedelta(days=30))
    squid(home, "new.log")
    assert run(bag, "intake")[0] == "success"
    with (home / "cloud-discovery.toml").open("a", encoding="utf-8") as file:
        file.write("[retention]\nevents_days = 7\n")
    assert run(bag, "maintenance")[0] == "success"
    assert pipeline.lake_of(settings.load()).event_days() == [YESTERDAY.date()]


@pytest.fixture(scope="module")
def finished(bag: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that took one drop in and had its night, for tests of what comes after; they work on copies."""
    home = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        install(home, patch)
        squid(home, "access.log", lines=30)
        assert run(bag, "intake")[0] == "success"
        assert run(bag, "nightly")[0] == "success"
    return home


@pytest.fixture
def after(home: Path, finished: Path) -> Path:
    """A copy of it, with the times of its files."""
    return Path(shutil.copytree(finished, home, dirs_exist_ok=True))


def test_the_night_reports_what_was_dropped(finished: Path) -> None:
    """intake then nightly: models, checks, warehouse, pages, PDF, CSV and the letter; all numbers are those of the drop."""
    home = finished
    report = json.loads((home / "output" / "report.json").read_text(encoding="utf-8"))
    numbers = report["files"][0]["numbers"]
    assert (numbers["transactions"], numbers["apps"], numbers["users"]) == (30, 1, 1)
    assert numbers["downloaded_bytes"] == sum(4000 + number for number in range(30))
    assert (home / "output" / "index.html").exists()
    assert (home / "output" / "executive.pdf").read_bytes().startswith(b"%PDF")
    assert list((home / "output" / "csv").glob("*.csv"))
    letter = email.message_from_bytes((home / "output" / "report.eml").read_bytes(), policy=email.policy.default)
    assert [part.get_content_type() for part in letter.iter_attachments()] == ["application/pdf"]


def test_a_drop_that_arrives_during_the_night_does_not_fail_it(
    bag: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events taken in between the building of two models are in the report or in the next one; no check takes them for a loss."""
    squid(home, "before.log")
    assert run(bag, "intake")[0] == "success"
    real = pipeline.build_model

    def with_arrival(configured: settings.Settings, model: str, *rest: Any, **named: Any) -> Any:
        if model == "fct_coverage_daily":
            squid(home, "during.log", start=YESTERDAY + timedelta(hours=1))
            pipeline.intake(configured)
        return real(configured, model, *rest, **named)

    monkeypatch.setattr(pipeline, "build_model", with_arrival)
    assert run(bag, "nightly")[0] == "success"


def test_a_second_night_builds_nothing(bag: Any, after: Path) -> None:
    """Without new events no daily model is built again, and the report is as it was."""
    built = {path: path.stat().st_mtime_ns for path in (after / "lake").glob("fct_*/day=*/*.parquet")}
    assert built
    assert run(bag, "nightly")[0] == "success"
    assert {path: path.stat().st_mtime_ns for path in (after / "lake").glob("fct_*/day=*/*.parquet")} == built


@pytest.mark.parametrize(("step", "after"), [("build_model", "checks"), ("check", "publish"), ("publish", "render")])
def test_a_failed_step_ends_the_night(
    bag: Any, home: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: str
) -> None:
    """When a step refuses, what follows does not run and the run is red: no report from numbers that did not pass."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise CheckFailed("found 1 row; expected none")

    monkeypatch.setattr(pipeline, step, refuse)
    state, tasks = run(bag, "nightly")
    assert state == "failed"
    assert tasks[after] == tasks["send"] == ["upstream_failed"]
    assert not (home / "output").exists()


def test_a_report_on_demand_leaves_the_nightly_one_alone(bag: Any, after: Path) -> None:
    """The form's period, source, formats and recipients decide; the report lies in a folder of its own."""
    before = (after / "output" / "report.json").read_bytes()
    day = YESTERDAY.date().isoformat()
    form = {"period": f"{day}..{day}", "sources": ["proxy"], "recipients": ["ciso@example.com"], "formats": ["pdf"]}
    assert run(bag, "report", form)[0] == "success"
    (folder,) = (after / "output-on-demand").iterdir()
    assert (folder / "executive.pdf").exists() and not (folder / "index.html").exists()
    letter = email.message_from_bytes((folder / "report.eml").read_bytes(), policy=email.policy.default)
    assert letter["To"] == "ciso@example.com"
    assert (after / "output" / "report.json").read_bytes() == before


@pytest.mark.parametrize(
    "form",
    [
        {"period": "last week"},
        {"period": "0d"},
        {"formats": []},
        {"formats": ["docx"]},
        {"sources": [""]},
        {"recipients": ["ciso@example.com, other@example.com"]},
        {"recipients": ["ciso"]},
    ],
    ids=str,
)
def test_the_form_refuses_what_cannot_be(bag: Any, home: Path, form: dict[str, Any]) -> None:
    """A wrong field is refused when the run is asked for, before any task."""
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        bag.dags["report"].test(run_conf=form)


# --- new drops


async def _events(trigger: Any, count: int, steps: dict[int, Any]) -> list[Any]:
    """The first events of a trigger; after event N `steps[N]` is called."""
    found: list[Any] = []
    events = trigger.run()
    async for event in events:
        found.append(event.payload)
        steps.get(len(found), lambda: None)()
        if len(found) == count:
            await events.aclose()
            return found
    raise AssertionError("the trigger ended")


def test_new_drops_are_noticed_once(home: Path) -> None:
    """The trigger fires for a complete drop, once, again for the next one, and never for a file that is still written."""
    from dags.arrivals import NewDrops

    squid(home, "first.log")
    squid(home, "unfinished.log.part")
    events = asyncio.run(asyncio.wait_for(_events(NewDrops(0.05), 2, {1: lambda: squid(home, "second.log")}), 20))
    assert events == [{"drops": ["proxy/first.log"], "count": 1}, {"drops": ["proxy/second.log"], "count": 1}]
    assert (home / "drops" / "proxy" / "first.log").exists()


def test_new_drops_survive_a_broken_configuration(home: Path) -> None:
    """A configuration that cannot be read is waited out, not died of."""
    from dags.arrivals import NewDrops

    config = home / "cloud-discovery.toml"
    good = config.read_text(encoding="utf-8")
    config.write_text("[intake]\nsettle = 1\n", encoding="utf-8")
    squid(home, "first.log")

    async def repaired() -> list[Any]:
        watching = asyncio.create_task(_events(NewDrops(0.05), 1, {}))
        await asyncio.sleep(0.5)
        assert not watching.done()
        config.write_text(good, encoding="utf-8")
        return await asyncio.wait_for(watching, 20)

    assert asyncio.run(repaired()) == [{"drops": ["proxy/first.log"], "count": 1}]
