"""The user's own part of the catalog: `catalog/own.toml` in the home folder. It wins over everything and survives updates.

[apps.supplier_portal]            an app of one's own
name = "Supplier portal"
category = "Business management"
domains = ["portal.example.com"]

[overrides.dropbox]               a changed name, category or score of an app, and why
score = 7.5
note = "Contract signed; files of the sales team only"

[aliases]                         a domain that belongs to an app
"files.example.net" = "dropbox"

[hints]                           a label that an appliance gives to an app
"acme-crm" = "salesforce"

[not_apps]                        a domain that is not an app, and its purpose
"cdn.example.org" = "infrastructure"
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from etl.catalog.vocabulary import words
from etl.errors import CatalogError
from etl.lake import replacing

DOMAIN = re.compile(r"-?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


MOST_LABELS = 8  # of a domain: as many as the models look at


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("category", check_fields=False)
    @classmethod
    def _known_category(cls, value: str | None) -> str | None:
        if value is not None and value not in words("categories"):
            raise ValueError(f"one of {', '.join(words('categories'))}")
        return value


class OwnApp(_Table):
    name: str
    category: str | None = None
    domains: tuple[str, ...]
    vendor: str | None = None
    headquarters: str | None = None
    traits: tuple[str, ...] = ()
    score: float | None = Field(None, ge=0, le=10)
    note: str | None = None

    @field_validator("domains")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [domain for domain in value if not DOMAIN.fullmatch(domain) or domain.count(".") >= MOST_LABELS]
        if wrong or not value:
            raise ValueError("domains such as portal.example.com, in lower case, without https:// and path")
        return value


class Override(_Table):
    name: str | None = None
    category: str | None = None
    score: float | None = Field(None, ge=0, le=10)
    note: str | None = None


class OwnFile(_Table):
    """The file as a whole; empty when there is none."""

    apps: dict[str, OwnApp] = Field(default_factory=dict)
    overrides: dict[str, Override] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
    hints: dict[str, str] = Field(default_factory=dict)
    not_apps: dict[str, str] = Field(default_factory=dict)


def read_own(path: Path) -> OwnFile:
    """Read the user's file. Raises CatalogError naming the key, what was found and what was expected."""
    if not path.exists():
        return OwnFile()
    try:
        return OwnFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: found invalid TOML ({error}); expected key = value lines. Correct it.") from None
    except ValidationError as error:
        raise CatalogError("\n".join(_sentences(f"{path}: ", error))) from None


def app_of(**values: object) -> OwnApp:
    """An app of given values. Raises CatalogError naming what is wrong."""
    try:
        return OwnApp.model_validate({key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        raise CatalogError("\n".join(_sentences("", error))) from None


def override_of(**values: object) -> Override:
    """An override of given values. Raises CatalogError naming what is wrong."""
    try:
        return Override.model_validate(values)
    except ValidationError as error:
        raise CatalogError("\n".join(_sentences("", error))) from None


def _sentences(where: str, error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        found = "an unknown key" if item["type"] == "extra_forbidden" else repr(item["input"])
        told = item["msg"].removeprefix("Value error, ")
        lines.append(f"{where}{key}: found {found}; expected {told}. Correct it; see docs/catalog.md.")
    return lines


def add_app(path: Path, app_id: str, app: OwnApp) -> None:
    """Append an app to the user's file; what is there, comments included, stays. Raises CatalogError when the id is taken."""
    if app_id in read_own(path).apps:
        raise CatalogError(
            f"{path}: found the app {app_id!r} already; expected a new one. Change it in the file, or choose a name."
        )
    _append(path, f"apps.{_key(app_id)}", app.model_dump(exclude_defaults=True))


def add_override(path: Path, app_id: str, override: Override) -> None:
    """Append an override to the user's file. Raises CatalogError when there is one already."""
    if app_id in read_own(path).overrides:
        raise CatalogError(f"{path}: found an override of {app_id!r} already; expected none. Change it in the file.")
    _append(path, f"overrides.{_key(app_id)}", override.model_dump(exclude_none=True))


def add_alias(path: Path, domain: str, app_id: str) -> None:
    """Give a domain to an app in the user's file. Raises CatalogError when the file has given it already."""
    given = read_own(path).aliases.get(domain)
    if given is not None:
        raise CatalogError(f"{path}: found {domain!r} given to {given!r}; expected no alias. Change it in the file.")
    line = f"{json.dumps(domain)} = {_value(app_id)}"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    head = re.search(r"(?m)^\[aliases\][ \t]*(#.*)?$", before)
    if head is None:
        _write(path, before + _gap(before) + f"[aliases]\n{line}\n")
    else:
        _write(path, before[: head.end()] + f"\n{line}" + before[head.end() :])


def _append(path: Path, table: str, values: dict[str, object]) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [f"[{table}]", *(f"{key} = {_value(value)}" for key, value in values.items())]
    _write(path, before + _gap(before) + "\n".join(lines) + "\n")


def _gap(before: str) -> str:
    return "" if not before else "\n" if before.endswith("\n") else "\n\n"


def _write(path: Path, text: str) -> None:
    """Write the file, unless it could not be read again."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        read_own(temporary)


def _value(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, str):
        # A JSON string is a TOML string, but for the one control character that JSON leaves alone.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)
