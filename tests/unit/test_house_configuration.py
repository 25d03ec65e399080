"""`cloud-discovery.toml` shows every key with its default, and `etl/settings.py` is the only reader of the environment."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from etl import settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "cloud-discovery.toml").read_text(encoding="utf-8")
NOT_IN_FILE = {("mail", "password")}  # a secret; comes from the environment


def uncommented() -> dict[str, Any]:
    """The file as it reads when the # is taken from every key."""
    lines = TEXT.splitlines()
    return tomllib.loads("\n".join(re.sub(r"^# (?=[a-z_]+ = |\[|\]|    \")", "", line) for line in lines))


def sections() -> dict[str, type[BaseModel]]:
    fields = settings.Settings.model_fields
    return {
        name: field.annotation
        for name, field in fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def test_file_as_shipped_changes_nothing(tmp_path: Path) -> None:
    """With every key commented out, the shipped file gives the defaults."""
    (tmp_path / "cloud-discovery.toml").write_text(TEXT, encoding="utf-8")
    assert settings.load(home=tmp_path) == settings.Settings(home=tmp_path)


@pytest.mark.parametrize("section", sorted(sections()))
def test_every_key_is_shown_with_its_default(section: str) -> None:
    """Each key of a section stands in the file with the default of etl/sections.py (or of its part), and the file has no other key."""
    shown = uncommented()[section]
    model = sections()[section]
    expected = {name for name in model.model_fields if (section, name) not in NOT_IN_FILE}
    assert set(shown) == expected, f"[{section}] of cloud-discovery.toml and its class differ. Add or remove the key."
    if section == "paths":  # "no folder" has no TOML value; the comment says so
        del shown["formats"]
    assert model.model_validate(shown) == model(), f"[{section}]: a default differs. Copy it from the class."


def test_a_source_is_shown_with_its_keys() -> None:
    """The example of a source names every key that a source can have."""
    assert set(uncommented()["sources"]["NAME"]) == set(settings.Source.model_fields)


@pytest.mark.parametrize("variable", sorted(settings.ENVIRONMENT))
def test_environment_variables_are_documented(variable: str) -> None:
    """Each environment variable is explained in the runbook."""
    assert variable in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def test_environment_is_read_in_one_place() -> None:
    """No module but etl/settings.py touches os.environ or os.getenv; the package itself sets what libraries look for as they load."""
    found = []
    for folder in ("etl", "reports", "dags"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                named = isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb", "putenv")
                imported = (
                    isinstance(node, ast.ImportFrom)
                    and node.module == "os"
                    and any(a.name in ("environ", "getenv") for a in node.names)
                )
                if named or imported:
                    found.append(path.relative_to(ROOT).as_posix())
    assert set(found) == {"etl/settings.py", "etl/__init__.py"}, (
        "read the environment in etl/settings.py and pass Settings on"
    )
