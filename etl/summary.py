"""What a run did and how things stand, as lines for a person and dicts for a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from etl import pipeline
from etl.lake import Receipt
from etl.pipeline import Night
from etl.settings import Settings
from etl.terminal import table

MOST_REASONS = 3


def receipt_lines(receipts: Iterable[Receipt]) -> list[str]:
    """One line an upload, then the sum of outcomes and every reason that a person should act on."""
    found = list(receipts)
    if not found:
        return ["nothing to take in: drops/ holds no complete file"]
    rows = [
        (one.source, one.file_name, one.outcome, one.log_format, one.records, one.events, _why(one)) for one in found
    ]
    lines = table(("source", "file", "outcome", "format", "records", "events", "why"), rows)
    outcomes = Counter(one.outcome for one in found)
    lines.append("")
    lines.append(f"{len(found)} files: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    lines += [f"  {one.source}: {one.message}" for one in found if one.outcome == "quarantined"]
    return lines


def _why(receipt: Receipt) -> str:
    if receipt.reason:
        return receipt.reason
    if receipt.duplicate_of:
        return f"same as {receipt.duplicate_of}"
    counts = Counter(receipt.rejects) + Counter(receipt.skips)
    return "; ".join(f"{count:,} × {reason}" for reason, count in counts.most_common(MOST_REASONS))


def night_lines(settings: Settings, night: Night) -> list[str]:
    """What was taken in, what was built and published, and where the report lies."""
    lines = ["Taken in", *receipt_lines(night.receipts), ""]
    days = sorted({day for one in night.built for day in one.days} - {"whole"})
    lines.append(
        f"Built     {len(days)} days in {sum(one.seconds for one in night.built):.1f} s"
        if days
        else "Built     nothing new"
    )
    lines.append(f"Checked   {len(night.checks)} checks, none failed")
    lines += [f"          warning: {result.sentence}" for result in night.checks if result.found]
    lines += [f"Tagged    {sentence}" for sentence in night.tagged]
    if night.published is not None:
        lines += [f"Published {line}" for line in night.published.lines()]
    lines += [f"Report    {path}" for path in night.reports if path.endswith((".html", ".pdf", ".eml")) or "@" in path]
    lines.append(f"Done in {night.seconds:.0f} s. Next: open {settings.folder('output') / 'index.html'}")
    return lines


def state(settings: Settings) -> dict[str, Any]:
    """How things stand: drops waiting, uploads by outcome and source, quarantine, stale days, the last upload."""
    from etl.intake import drops

    lake = pipeline.lake_of(settings)
    receipts = list(lake.receipts())
    ready, waiting = drops.find(settings)
    quarantined = [one for one in receipts if one.outcome == "quarantined"]
    return {
        "drops_ready": len(ready),
        "drops_settling": waiting > 0,
        "uploads": dict(Counter(one.outcome for one in receipts)),
        "sources": sorted(_source_state(receipts), key=lambda row: str(row["source"])),
        "quarantine": [
            {"source": one.source, "file": one.file_name, "reason": one.reason, "message": one.message}
            for one in quarantined
        ],
        "stale_days": [day.isoformat() for day in pipeline.stale_days(settings)],
        "last_upload_at": max((one.finished_at for one in receipts), default=None),
    }


def _source_state(receipts: list[Receipt]) -> list[dict[str, Any]]:
    by_source: dict[str, list[Receipt]] = {}
    for one in receipts:
        by_source.setdefault(one.source, []).append(one)
    return [
        {
            "source": source,
            "uploads": len(found),
            "events": sum(one.events for one in found),
            "rejects": sum(sum(one.rejects.values()) for one in found),
            "last_event_at": max((one.last_event_at or "" for one in found), default="") or None,
            "last_upload_at": max(one.finished_at for one in found),
        }
        for source, found in by_source.items()
    ]


def state_lines(found: dict[str, Any]) -> list[str]:
    """The state as text."""
    settling = " (more are still being written)" if found["drops_settling"] else ""
    lines = [f"drops waiting: {found['drops_ready']}{settling}"]
    lines.append(
        "uploads: " + (", ".join(f"{count} {outcome}" for outcome, count in found["uploads"].items()) or "none yet")
    )
    lines += [
        "",
        *table(
            ("source", "uploads", "events", "rejects", "last event", "last upload"),
            [tuple(row.values()) for row in found["sources"]],
        ),
    ]
    if found["quarantine"]:
        lines += ["", "quarantine:", *(f"  {row['source']}: {row['message']}" for row in found["quarantine"])]
    days = found["stale_days"]
    lines += ["", f"days to build: {', '.join(days)}. Run: cloud-discovery build" if days else "days to build: none"]
    return lines
