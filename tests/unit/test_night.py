"""The night as a whole: what runs beside what, and that nothing unchecked is ever seen."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from etl import building, compute, models, pipeline, warehouse
from etl.errors import CheckFailed, ModelError, WarehouseError
from etl.headers import SQL
from etl.lake import Lake
from etl.models import ModelBuilt
from etl.settings import Settings

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


def drop(settings: Settings, name: str, host: str = "chatgpt.com") -> None:
    path = settings.folder("drops") / "proxy" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    at = int(YESTERDAY.timestamp())
    path.write_text(
        f"{at}.123 10 192.0.2.10 TCP_MISS/200 100 GET http://{host}/{name} bob HIER_DIRECT/198.51.100.7 -\n"
    )


def published(settings: Settings, column: str, table: str) -> set[Any]:
    return {row[0] for _, rows in warehouse.stream(settings, f"select {column} from {table}") for row in rows}


def test_what_checks_refuse_is_never_seen(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that fails while the warehouse is brought up leaves it as it was; the next night publishes."""
    drop(settings, "one.log")
    pipeline.nightly(settings)
    drop(settings, "two.log", "other.example.org")

    def refuse(settings: Settings, days: object = None) -> list[Any]:
        raise CheckFailed("wrong")

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "check", refuse)
        with pytest.raises(CheckFailed, match="wrong"):
            pipeline.nightly(settings)
    assert published(settings, "host", "fct_usage_daily") == {"chatgpt.com"}
    pipeline.nightly(settings)
    assert published(settings, "host", "fct_usage_daily") == {"chatgpt.com", "other.example.org"}


def test_checks_come_before_what_publishing_says(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """When both fail, the night ends with what the checks found."""
    drop(settings, "one.log")
    monkeypatch.setattr(warehouse, "publish", lambda *_: (_ for _ in ()).throw(WarehouseError("not there")))
    with pytest.raises(WarehouseError, match="not there"):
        pipeline.nightly(settings)
    monkeypatch.setattr(pipeline, "check", lambda *_: (_ for _ in ()).throw(CheckFailed("wrong")))
    with pytest.raises(CheckFailed, match="wrong"):
        pipeline.nightly(settings)


def test_checks_run_when_nothing_is_new(settings: Settings) -> None:
    """A night without drops publishes nothing and still says what its checks found."""
    drop(settings, "one.log")
    pipeline.nightly(settings)
    night = pipeline.nightly(settings)
    assert night.checks and night.published and night.published.rows == 0


def test_what_policies_tag_is_published_the_same_night(settings: Settings) -> None:
    """Policies act after the checks and before readers see the night's numbers."""
    from etl.governance.policies.settings import Policy

    policy = {"name": "P", "since": date(2020, 1, 1), "actions": ["tag:monitored"], "where": {"apps": ["chatgpt"]}}
    tagging = settings.model_copy(update={"policies": (Policy.model_validate(policy),)})
    drop(tagging, "one.log")
    night = pipeline.nightly(tagging)
    assert len(night.tagged) == 1
    assert "monitored" in published(tagging, "tag", "dim_apps")
    assert pipeline.publish(tagging).partitions == 0


def test_what_cannot_be_loaded_ahead_stops_nothing(settings: Settings) -> None:
    """Loading ahead saves time; whoever needs what is missing says so."""

    def fail(settings: Settings) -> None:
        raise ImportError("no such library")

    drop(settings, "one.log")
    assert pipeline.nightly(settings, ahead=fail).published


def test_models_wait_for_what_they_read(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models are built at a time, each after all that it reads; a failure begins no other."""
    ended: list[str] = []
    running: set[str] = set()
    most = 0
    order = models.models()

    def read(name: str) -> set[str]:
        return {
            kept for one in models.edges(order)[name] for kept in (read(one) if order[one].kept == "view" else {one})
        }

    def built(engine: object, model: models.Model, *_: object, everything: bool) -> ModelBuilt:
        nonlocal most
        assert read(model.name) <= set(ended)
        running.add(model.name)
        most = max(most, len(running))
        time.sleep(0.01)
        running.discard(model.name)
        if model.name == failing:
            raise ModelError("broken")
        ended.append(model.name)
        return ModelBuilt(model.name, [], 0, 0.0)

    monkeypatch.setattr(building, "build_on", built)
    failing, lake = "", Lake(settings.folder("lake"))
    found = building.build_all(settings, lake, told=lambda *_: None)
    assert [one.model for one in found] == models.model_order() and most == 2
    failing = "int_usage_daily"
    ended.clear()
    with pytest.raises(ModelError, match="broken"):
        building.build_all(settings, lake, told=lambda *_: None)
    assert "int_hosts_daily" not in ended and "fct_usage_daily" not in ended


def test_sessions_of_an_engine_see_only_what_they_are_given(settings: Settings) -> None:
    """A name of one model's session means nothing in the next, nor in one beside it; functions are there for all."""
    with compute.engine(settings) as engine:
        one, two = engine.session(), engine.session()
        one.table("given", pa.table({"number": [1]}))
        one.function("is_long", lambda text: len(text) > 3)
        two.function("is_long", lambda text: len(text) > 3)
        assert one.rows("select number, is_long('text') as is_long from given") == [{"number": 1, "is_long": True}]
        with pytest.raises(ModelError, match="given"):
            two.rows("select * from given")
        one.close()
        assert two.rows("select is_long('t') as is_long") == [{"is_long": False}]
    assert [path for path in (settings.folder("lake") / ".spill").iterdir() if path.is_dir()] == []


def test_a_repeated_fact_is_found(settings: Settings) -> None:
    """The check looks closer only at facts whose hash repeats: it finds those that are the same, nulls included."""
    keys = {name: ["a", "a", "b"] for name in ("source", "source_kind", "log_format", "user_key", "src_ip", "host")}
    facts = pa.table({"day": [YESTERDAY.date()] * 3, "device_key": [None, None, "d"], "app_id": ["x"] * 3, **keys})
    session = compute.session(settings)
    session.table("fct_usage_daily", facts)
    sql = (SQL / "checks" / "facts_grain_is_unique.sql").read_text(encoding="utf-8")
    found = session.rows(sql)
    session.close()
    assert [(row["host"], row["copies"]) for row in found] == [("a", 2)]


def test_a_second_build_waits(settings: Settings, tmp_path: Path) -> None:
    """Whoever builds in a lake holds it from the first model to the last."""
    drop(settings, "one.log")
    pipeline.intake(settings)
    begun, done = threading.Event(), []

    def second() -> None:
        begun.set()
        done.append(pipeline.build(settings))

    with models.alone(Lake(settings.folder("lake"))):
        other = threading.Thread(target=second)
        other.start()
        begun.wait()
        time.sleep(0.5)
        assert not done
    other.join()
    assert done and all(one.days for one in done[0] if one.model == "fct_usage_daily")
