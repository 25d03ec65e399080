"""When the models are built: in any order of uploads the same, again when what they read has changed, whole or not at all."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from etl import checks, models
from etl.errors import ModelError
from etl.lake import Lake
from etl.settings import Settings
from tests.built_lake import Row, build, only, organisation, rows
from tests.lake_fixture import APPS, DAY, NOON, write_catalog, write_upload


@pytest.fixture
def lake(settings: Settings) -> Lake:
    found = Lake(settings.folder("lake"))
    write_catalog(found)
    return found


def test_order_of_uploads_changes_nothing(settings: Settings, lake: Lake) -> None:
    """Ties in time, in names and in keys are decided by the values, so that a rebuild gives the same rows."""
    events: list[Row] = [
        {
            "device_name": f"LT-{n % 3}{'.corp' if n % 2 else ''}",
            "user_name": f"u{n % 5}",
            "device_id": f"i{n % 4}",
            "event_key": f"k{n % 7}",
        }
        for n in range(40)
    ]
    names = ("fct_usage_daily", "fct_coverage_daily", "dim_devices", "dim_users", "int_seen_daily")

    def answer(order: int) -> list[list[str]]:
        other = Lake(settings.folder("lake") / f"order{order}")
        write_catalog(other)
        for number in range(0, 40, 10)[::order]:
            write_upload(other, f"u{number}", events[number : number + 10])
        build(settings, other)
        return [sorted(map(str, rows(other, name))) for name in names]

    assert answer(1) == answer(-1)


def test_upload_in_the_middle_of_a_night_waits(settings: Settings, lake: Lake) -> None:
    """All models and checks of a day speak of the uploads that its build began with; the next build takes the new one."""
    write_upload(lake, "u1", [{"device_name": "lt-1"}])
    for name in models.model_order():
        models.build_model(settings, lake, name)
        if name == "int_uploads_daily":
            write_upload(
                lake,
                "u2",
                [{"device_name": "lt-2", "dst_host": "late.example.net"}],
                chunks=[{"device": "x", "sequence": 1}],
            )
    assert [one.sentence for one in checks.run(settings, lake) if one.found] == []
    assert only(rows(lake, "fct_coverage_daily"))["uploads"] == 1
    assert models.stale_days(settings, lake) == [DAY]
    build(settings, lake)
    assert only(rows(lake, "fct_coverage_daily"))["uploads"] == 2
    assert len(rows(lake, "dim_devices")) == 2


def test_catalog_change_rebuilds_what_reads_it(settings: Settings, lake: Lake) -> None:
    """A new catalog re-classes all days without a look at events, those of unsanctioned apps aside."""
    for number in range(3):
        write_upload(lake, f"u{number}", [{"event_at": NOON - timedelta(days=number)}])
    build(settings, lake)
    write_catalog(lake, APPS[1:])
    built = build(settings, lake)
    assert {name for name, days in built.items() if days} == {
        "int_hosts_daily",
        "int_unsanctioned_daily",
        "fct_alerts",
        "fct_usage_daily",
        "fct_coverage_daily",
        "fct_device_risk_daily",
        "int_seen_daily",
        "dim_apps",
        "dim_devices",
        "dim_ip_addresses",
        "dim_users",
        "int_policy_candidates_daily",
        "int_policy_matches",
        "fct_policy_matches",
    }
    assert len(built["int_hosts_daily"]) == 3
    assert {row["app_id"] for row in rows(lake, "fct_usage_daily")} == {"uncatalogued:dropbox.com"}
    assert all(days == [] for days in build(settings, lake).values())


def test_stale_days_of_one_model(settings: Settings, lake: Lake) -> None:
    """The question can be asked of a model alone."""
    write_upload(lake, "u1", [{}])
    assert models.stale_days(settings, lake, "int_uploads_daily") == [DAY]
    models.build_model(settings, lake, "int_uploads_daily")
    assert models.stale_days(settings, lake, "int_uploads_daily") == []
    assert models.stale_days(settings, lake) == [DAY]


def test_a_lake_without_events_has_dimensions(settings: Settings, lake: Lake) -> None:
    """Before the first upload the models are built over nothing, and dim_apps is the catalog."""
    build(settings, lake)
    assert len(rows(lake, "dim_apps")) == len(APPS)
    assert rows(lake, "dim_devices") == []
    assert lake.model_days("fct_usage_daily") == []


def test_a_lake_without_catalog_calls_all_uncatalogued(settings: Settings) -> None:
    """Where the catalog's datasets are missing they are taken as empty."""
    lake = Lake(settings.folder("lake"))
    write_upload(lake, "u1", [{}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["app_id"] == "uncatalogued:dropbox.com"


def test_partition_without_its_fingerprint_is_stale(settings: Settings, lake: Lake) -> None:
    """A run killed between a partition and its fingerprint leaves a stale day, also when the inputs go back to what they were."""
    write_upload(lake, "u1", [{"dst_host": "203.0.113.9"}])
    build(settings, lake)
    other = organisation(settings, internal_ranges=("203.0.113.0/24",))
    real = Lake.write_fingerprint
    killed = pytest.MonkeyPatch()

    def dies(self: Lake, model: str, day: date | None, fingerprint: str) -> None:
        if fingerprint and model == "int_hosts_daily":
            raise KeyboardInterrupt
        real(self, model, day, fingerprint)

    killed.setattr(Lake, "write_fingerprint", dies)
    with pytest.raises(KeyboardInterrupt):
        build(other, lake)
    killed.undo()
    assert only(rows(lake, "int_hosts_daily"))["app_class"] == "internal"
    assert models.stale_days(settings, lake) == [DAY]
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["app_class"] == "uncatalogued"


def test_engine_errors_name_the_file_and_the_day(settings: Settings, lake: Lake) -> None:
    """A damaged event file is a sentence with the model and the day."""
    write_upload(lake, "u1", [{}])
    models.build_model(settings, lake, "int_uploads_daily")
    lake.event_files(DAY)[0].write_bytes(b"PAR1 this is not Parquet")
    with pytest.raises(
        ModelError, match=r"int_usage_daily.sql \(2026-11-20\): the engine refused the SQL: .*Correct it"
    ):
        models.build_model(settings, lake, "int_usage_daily")


def test_model_before_its_uploads_says_what_to_build(settings: Settings, lake: Lake) -> None:
    """A model asked for before the day's list of uploads names what is to be built first."""
    write_upload(lake, "u1", [{}])
    with pytest.raises(ModelError, match="found no int_uploads_daily; expected it before all other models"):
        models.build_model(settings, lake, "int_usage_daily")


def test_facts_of_removed_events_are_checked_no_more(settings: Settings, lake: Lake) -> None:
    """Retention of events leaves facts that nobody can check against events: no check fails on them."""
    write_upload(lake, "u1", [{}])
    build(settings, lake)
    lake.drop_day("events", DAY)
    assert [one for one in checks.run(settings, lake) if one.found] == []
    assert models.stale_days(settings, lake) == []


def test_receipt_that_promises_more_than_the_lake_holds_fails(settings: Settings, lake: Lake) -> None:
    """A lost event file, or a receipt that does not add up, fails the night and names the upload."""
    write_upload(lake, "u1", [{}, {}])
    receipt = write_upload(lake, "u2", [{}, {}], records=5, skips={"header": 1}, rejects={"torn": 1})
    found = next(one for one in checks.run(settings, lake, []) if one.found)
    assert found.check == "uploads_conserve_records" and found.found == 1
    assert "upload_id u2, records 5, events 2, skips 1, rejects 1" in found.sentence
    lake.write_receipt(receipt)
    lake.event_file(DAY, "proxy", "u1").unlink()
    sentence = next(one for one in checks.run(settings, lake, []) if one.found).sentence
    assert "upload_id u1, records 2, events 2, skips 0, rejects 0, events_in_lake 0" in sentence


def test_spill_folders_are_cleared(settings: Settings, lake: Lake) -> None:
    """What a killed engine spilled is removed by the next one; what one in use spills is not."""
    from etl import compute

    root = settings.folder("lake") / ".spill"
    (root / "left").mkdir(parents=True)
    (root / "left" / "lock").touch()
    (root / "left" / "spilled.tmp").touch()
    one, two = compute.session(settings), compute.session(settings)
    assert len([path for path in root.iterdir() if path.is_dir()]) == 2 and not (root / "left").exists()
    one.close()
    two.close()
    assert [path for path in root.iterdir() if path.is_dir()] == []


def test_session_is_in_utc(settings: Settings) -> None:
    """Whatever the machine's zone, an instant of the engine is UTC."""
    from etl import compute

    session = compute.session(settings)
    try:
        (row,) = session.rows("select cast(to_timestamp(0) as timestamp) as at")
    finally:
        session.close()
    assert row["at"] == datetime(1970, 1, 1)  # noqa: DTZ001 - as the lake has it
