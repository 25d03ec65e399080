"""A proposal on the terminal: what was found, the first records as a table, and what to do next."""

from __future__ import annotations

from collections import Counter

from etl.events import EVENT_COLUMNS
from etl.intake.proposing import Proposal
from etl.terminal import table

SHOWN_RECORDS = 8
SHOWN_CHARS = 30
NOT_SHOWN = {"source", "source_kind", "log_format", "upload_id", "record_no"}


def shown(proposal: Proposal) -> list[str]:
    """Lines for a person."""
    counts = Counter(answer["outcome"] for answer in proposal.answers)
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    lines = [f"{proposal.folder.name}: {proposal.described}; of the first {len(proposal.answers)} records: {said}."]
    events = [answer for answer in proposal.answers if answer["outcome"] == "event"][:SHOWN_RECORDS]
    if events:
        known = [
            name for name in EVENT_COLUMNS if name not in NOT_SHOWN and any(name in one["event"] for one in events)
        ]
        known = [name for name in known if name != "transactions"]
        rows = [[str(one["record"]), *(_cell(one["event"].get(name)) for name in known)] for one in events]
        lines += ["", *table(("record", *known), rows), ""]
    for reason, count in Counter(answer.get("reason") for answer in proposal.answers).most_common(4):
        if reason:
            lines.append(f"{count} × {reason}")
    return [
        *lines,
        f"Written: {proposal.folder / 'format.toml'}. Lines marked GUESS are guesses: read and correct them, then run",
        f"  cloud-discovery format test {proposal.folder} --write",
    ]


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
