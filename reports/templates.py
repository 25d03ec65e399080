"""Templates: every value is escaped, a missing name is an error, values are put in words by `reports.wording`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reports import charts, wording
from reports.csvs import described

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent


@cache
def environment() -> Environment:
    """The environment of all templates below reports/."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(wording.FILTERS)
    env.filters["fragment"] = lambda value: quote(str(value), safe="")
    env.globals.update(
        risk_reasons=wording.risk_reasons, period=wording.period, ranking=charts.ranking, exports=described
    )
    return env


def load() -> None:
    """Compile all templates."""
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)


def fill(name: str, **values: Any) -> str:
    """A template's text."""
    return environment().get_template(name).render(**values)
