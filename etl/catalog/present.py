"""A look-up and the catalog's size as lines for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from etl.catalog.catalog import Lookup
from etl.catalog.entries import App
from etl.catalog.importing.folder import Changes
from etl.catalog.recognition import Recognition
from etl.catalog.score import Score
from etl.catalog.uncatalogued import Uncatalogued
from etl.catalog.vocabulary import factors, words
from etl.terminal import size, table

MOST_SHOWN, MOST_DOMAINS = 20, 100


def lookup_lines(found: Lookup) -> list[str]:
    """What the name is and, for an app, how its score came about."""
    if found.app is not None and found.score is not None:
        return _app_lines(found, found.app, found.score)
    if found.host_class == "not_an_app":
        meaning = words("purposes").get(found.purpose or "", "")
        return [f"{found.name}: not an app, by the {found.matched_by} {found.matched}", f"  {found.purpose}: {meaning}"]
    lines = [f"{found.name}: uncatalogued; counted under {found.registrable_domain}"]
    if found.nearest:
        lines.append(
            f"  did you mean {' or '.join(found.nearest)}? If not: a name that looks like theirs deserves a look."
        )
    lines.append(
        "  Its risk is unknown. The report lists it under Uncatalogued domains; docs/catalog.md says how it becomes one."
    )
    return lines


def _app_lines(found: Lookup, app: App, score: Score) -> list[str]:
    by = f" (by the {found.matched_by} {found.matched})" if found.matched_by != "name" else ""
    lines = [f"{app.app_name}{by}"]
    lines.append(f"  category      {app.category or 'uncategorised'}")
    lines.append(f"  vendor        {app.vendor or 'unknown'}, {app.headquarters_country or 'country unknown'}")
    lines.append(f"  used for      {', '.join(app.traits) or 'nothing of note'}")
    more = f" … and {len(app.domains) - MOST_DOMAINS:,} more" if len(app.domains) > MOST_DOMAINS else ""
    lines.append(f"  domains       {' '.join(app.domains[:MOST_DOMAINS])}{more}")
    if app.breaches:
        told = ", ".join(
            f"{one.date} ({one.accounts:,} accounts)" if one.accounts else one.date for one in app.breaches
        )
        lines.append(f"  breaches      {told}")
    if app.origin != "shipped":
        lines.append(f"  comes from    {'your own file' if app.origin == 'own' else f'the import {app.origin}'}")
    if app.note:
        lines.append(f"  note          {app.note}")
    return lines + _score_lines(app, score)


def _score_lines(app: App, score: Score) -> list[str]:
    known = f"{score.confidence:.0%} of what is asked is known"
    if score.own:
        lines = [f"  score         {score.value:.1f} of 10 (10 is safe): {score.band} risk; set in your own file"]
    elif score.value is None:
        lines = [f"  score         unknown: {known}, too little to tell"]
    else:
        lines = [f"  score         {score.value:.1f} of 10 (10 is safe): {score.band} risk; {known}"]
    for group in score.groups:
        lines.append(
            f"    {group.group:<11} {group.points:>4.1f} points, weight {group.weight:g}; {group.confidence:.0%} known"
        )
        for part in (part for part in score.parts if part.group == group.group):
            lines.append(
                f"      {part.factor:<20} {part.value:<14} {part.points:>4.1f} points, weight {part.weight:g} ({part.source})"
            )
    lines += [f"    at most     {one.highest:>4.1f} because of {one.trait}" for one in score.ceilings]
    asked = [name for name, factor in factors().items() if factor.kind not in {"trait", "country"}]
    unknown = [name for name in asked if name not in app.facts and not (name == "breach" and app.breaches)]
    lines.append(f"    unknown     {', '.join(unknown) or 'nothing'}")
    return lines


def stats_lines(found: dict[str, Any]) -> list[str]:
    """The catalog's size."""
    lines = [f"{found['apps']:,} apps with {found['domains']:,} domains in {len(found['categories'])} categories"]
    lines.append(
        f"{found['not_an_app_domains']:,} domains that are not apps, {found['vendor_labels']:,} vendor labels, "
        f"{found['address_ranges']:,} address ranges, {found['path_prefixes']:,} path prefixes"
    )
    lines.append("from: " + ", ".join(f"{count:,} {name}" for name, count in found["origins"].items()))
    lines.append("risk: " + ", ".join(f"{count:,} {band}" for band, count in found["risk_bands"].items()))
    lines.append("known: " + ", ".join(f"{name} {count:,}" for name, count in found["facts"].items()))
    return lines + [f"  {count:5,}  {name}" for name, count in found["categories"].items()]


def changes_lines(found: Changes) -> list[str]:
    """What an import brought and changed; of each sort the first twenty."""
    held = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.counts.items())
    lines = [f"{found.kind}: {held or 'nothing'} → {found.folder}"]
    for word, changed in (("added", found.added), ("removed", found.removed), ("changed", found.changed)):
        lines.append(f"{len(changed):,} {word}")
        lines += [f"  {one}" for one in changed[:MOST_SHOWN]]
        lines += [f"  … and {len(changed) - MOST_SHOWN:,} more; --json has all"] if len(changed) > MOST_SHOWN else []
    lines += [f"{found.tagged:,} tags and labels set"] if found.tagged else []
    return lines + [f"left out: {count:,} {reason}" for reason, count in found.skipped.items()]


def uncatalogued_lines(rows: Sequence[Uncatalogued]) -> list[str]:
    """Uncatalogued domains as a table, and the command that makes one an app."""
    if not rows:
        return ["nothing uncatalogued in this period"]
    head = ("domain", "traffic", "transactions", "users", "devices", "first seen (UTC)", "what its name tells")
    cells = [
        (
            row.domain,
            size(row.total_bytes),
            row.transactions,
            row.users,
            row.devices,
            (f"{row.first_seen_at:%Y-%m-%d}" if row.first_seen_at else "unknown") + (" new" if row.is_new else ""),
            ", ".join(row.told),
        )
        for row in rows
    ]
    return [*table(head, cells), f'To make one an app: cloud-discovery catalog add {rows[0].domain} --name "…"']


def recognition_lines(found: Sequence[Recognition], together: Recognition) -> list[str]:
    """A table of files or sources, the whole, and the largest misses."""
    head = ("file or source", "with host", "internal", "app", "not an app", "uncatalogued", "recognised")
    cells = [
        (one.name, one.events, one.internal, one.app, one.not_an_app, one.uncatalogued, _share(one))
        for one in (*found, together)
    ]
    lines = table(head, cells)
    lines += [f"not read: {one.name}: {one.message}" for one in found if one.message]
    if together.misses:
        lines.append("largest misses:")
        lines += [f"  {count:9,}  {domain}" for domain, count in together.misses]
    return lines


def _share(one: Recognition) -> str:
    return "unknown" if one.share is None else f"{one.share:.1%}"
