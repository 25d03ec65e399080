"""What a receipt is judged by: the counts of what was written, and whether an upload that gave no event was worth taking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etl.errors import QuarantineError
from etl.intake.formats import Format
from etl.intake.writing import Writer, iso
from etl.lake import Receipt


def counted(receipt: Receipt, writer: Writer) -> Receipt:
    """The receipt with its outcome and counts. Raises AssertionError when a record has no outcome, or two."""
    total = writer.events + sum(writer.skips.values()) + sum(writer.rejects.values())
    if total != writer.records:
        raise AssertionError(f"{receipt.file_name}: {writer.records} records, but {total} outcomes")
    return replace(
        receipt,
        outcome="loaded_with_rejects" if writer.rejects else "loaded",
        records=writer.records,
        events=writer.events,
        transactions=writer.transactions,
        skips=dict(writer.skips.most_common()),
        rejects=dict(writer.rejects.most_common()),
        first_event_at=iso(writer.first),
        last_event_at=iso(writer.last),
        days=[day.isoformat() for day in sorted(writer.days)],
    )


def refuse_nothing(receipt: Receipt, formats: Sequence[Format], max_age_days: int) -> None:
    """Raises QuarantineError for an upload that gave nothing, when the reason is one that a person can mend.

    The tail of a grown log may well be nothing new; and a log of nothing but headers, blank lines or what formats skip is read.
    """
    if receipt.events or receipt.continues:
        return
    if receipt.skips.get("too old") and not receipt.rejects:
        raise QuarantineError(
            "all_too_old",
            f"{receipt.file_name}: found only events older than {max_age_days} days; expected recent ones. "
            "Export a recent log, or raise [intake] max_age_days and drop it again.",
        )
    meant = sum(count for reason, count in receipt.skips.items() if reason not in ("blank line", "header"))
    if receipt.rejects and not meant:
        names = ", ".join(spec.id for spec in formats)
        reason, count = next(iter(receipt.rejects.items()))  # the most frequent
        raise QuarantineError(
            "format_mismatch",
            f"{receipt.file_name}: {names}: found no record of this format ({count:,} × {reason}); expected at least one. "
            "Correct the source's format in the configuration, or set it to auto.",
        )
