"""A look-up and the catalog's size as lines for a person."""

from __future__ import annotations

from typing import Any

from etl.catalog.catalog import Lookup
from etl.catalog.data import App
from etl.catalog.score import FACTORS, Score

GROUPS = ("general", "security", "compliance", "legal", "purpose")


def lookup_lines(found: Lookup) -> list[str]:
    """What the name is and, for an app, how its score came about."""
    if found.app is not None and found.score is not None:
        return _app_lines(found, found.app, found.score)
    if found.host_class == "not_an_app":
        return [f"{found.name}: not an app ({found.purpose}), by the domain {found.matched_domain}"]
    return [
        f"{found.name}: uncatalogued; counted under {found.registrable_domain}",
        "Its risk is unknown. It appears in the report under Uncatalogued domains.",
    ]


def _app_lines(found: Lookup, app: App, score: Score) -> list[str]:
    by = f" (by the domain {found.matched_domain})" if found.matched_domain else ""
    lines = [f"{app.app_name}{by}"]
    lines.append(f"  category      {app.category}")
    lines.append(f"  vendor        {app.vendor or 'unknown'}, {app.headquarters_country or 'country unknown'}")
    lines.append(f"  used for      {', '.join(app.traits) or 'nothing of note'}")
    lines.append(f"  domains       {' '.join(app.domains)}")
    shown = "unknown" if score.value is None else f"{score.value:.1f} of 10 (10 is safe): {score.band} risk"
    lines.append(f"  score         {shown}; confidence {score.confidence:.0%} of what is asked is known")
    for group in GROUPS:
        for part in (part for part in score.parts if part.group == group):
            weight = "limits the score" if group == "purpose" else f"weight {part.weight:g}"
            lines.append(f"    {group:<11} {part.factor:<20} {part.value:<8} {part.points:>4.1f} points, {weight}")
    unknown = [factor for factor in FACTORS if factor not in app.facts]
    lines.append(f"    unknown     {', '.join(unknown) or 'nothing'}")
    return lines


def stats_lines(found: dict[str, Any]) -> list[str]:
    """The catalog's size."""
    lines = [f"{found['apps']:,} apps with {found['domains']:,} domains in {len(found['categories'])} categories"]
    lines.append(f"{found['not_an_app_domains']:,} domains that are not apps, {found['vendor_labels']:,} vendor labels")
    lines.append("risk: " + ", ".join(f"{count} {band}" for band, count in found["risk_bands"].items()))
    return lines + [f"  {count:4}  {name}" for name, count in found["categories"].items()]
