"""`docker-compose.yml` cannot be started here; what can be known of it without a container engine is tested."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scripts import airflow_local

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_follows_the_compose_schema() -> None:
    """The file is valid under the Compose specification's own schema."""
    schema = json.loads(
        files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text(encoding="utf-8")
    )
    jsonschema.validate(COMPOSE, schema)


def test_schema_refuses_what_compose_would_refuse() -> None:
    """The schema used above is strict enough to find a misspelt key."""
    schema = json.loads(
        files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text(encoding="utf-8")
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"services": {"a": {"image": "x:1", "restrat": "always"}}}, schema)


def test_images_are_pinned() -> None:
    """Every image names a full version, so that an upgrade is a change in this repository."""
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    loose = [image for image in images if not re.search(r":v?\d+\.\d+", image)]
    assert not loose, f"found images without a version: {loose}. Name one, such as postgres:15.18."


def test_ports_are_open_to_this_machine_only() -> None:
    """Nothing listens on a network until somebody decides so."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_every_server_of_the_local_topology_is_a_service() -> None:
    """Compose and scripts/airflow_local.py start the same Airflow servers, with PostgreSQL and mail beside them."""
    assert set(SERVICES) == {*airflow_local.SERVERS, "postgres", "mail", "migrate"}


def test_airflow_settings_agree_with_the_local_topology(tmp_path: Path) -> None:
    """Each Airflow setting of the compose file is one that the tested local topology sets; its plain values are equal."""
    local = airflow_local.airflow_settings(tmp_path, "postgresql://airflow@127.0.0.1/airflow", 8080)
    compose = {key: value for key, value in SERVICES["scheduler"]["environment"].items() if key.startswith("AIRFLOW__")}
    assert set(compose) <= set(local)
    plain = {key: value for key, value in compose.items() if not re.search(r"\$|://", value)}
    assert plain == {key: local[key] for key in plain}
    for key in ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"):
        assert compose[key].partition(":")[0] == local[key].partition(":")[0]


def test_drops_are_a_volume_of_the_host() -> None:
    """The drop folder beside the compose file is what every Airflow service sees under its home folder."""
    for name in (*airflow_local.SERVERS, "migrate"):
        assert "./drops:/data/drops" in SERVICES[name]["volumes"]
    assert "CLOUD_DISCOVERY_HOME=/data" in DOCKERFILE


def test_image_has_the_libraries_of_the_makefile() -> None:
    """The image installs exactly the Debian packages that `make setup` installs."""
    line = re.search(r"^PACKAGES := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    installed = re.search(r"install -y --no-install-recommends ([^\\]+)", DOCKERFILE)
    assert line and installed
    assert line[1].split() == installed[1].split()
