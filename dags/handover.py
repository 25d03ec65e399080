"""What the task that renders hands to the task that sends: the whole report as values that Airflow can store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.render import Rendered


def packed(rendered: list[Rendered]) -> list[dict[str, Any]]:
    """The files of the whole report as plain dicts; those of its sources lie beneath and are not mailed."""
    whole = [one for one in rendered if one.source == rendered[0].source]
    return [vars(one) | {"path": str(one.path)} for one in whole]


def unpacked(values: list[dict[str, Any]]) -> list[Rendered]:
    """The same as what the reports take."""
    from reports.render import Rendered

    return [
        Rendered(
            **value
            | {
                "path": Path(value["path"]),
                "findings": tuple(value["findings"]),
                "matches": tuple(value.get("matches", ())),
            }
        )
        for value in values
    ]
