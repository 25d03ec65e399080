"""`cloud-discovery doctor`: can this machine do the whole job? Each finding says what to do when it is not so."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass

from etl.errors import CloudDiscoveryError
from etl.settings import Settings

ENOUGH_BYTES = 5_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    message: str


def examine(settings: Settings) -> list[Finding]:
    """Look at folders, free space, libraries, formats, catalog, warehouse and mail."""
    findings = [_folder(settings, name) for name in ("drops", "archive", "quarantine", "lake", "output")]
    findings.append(_space(settings))
    findings += [_try("log formats", _formats, settings), _try("app catalog", _catalog, settings)]
    findings += [
        _try("PDF rendering", _pdf, settings),
        _try("warehouse", _warehouse, settings),
        _try("mail", _mail, settings),
    ]
    return findings


def _folder(settings: Settings, name: str) -> Finding:
    path = settings.folder(name)  # type: ignore[arg-type]
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".doctor.tmp"
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        return Finding(
            name, False, f"{path}: {error.strerror}. Give this user the right to write there, or change [paths]."
        )
    return Finding(name, True, str(path))


def _space(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.folder("lake")).free
    return Finding(
        "free space", free > ENOUGH_BYTES, f"{free / 1e9:.0f} GB free; at least {ENOUGH_BYTES / 1e9:.0f} GB are advised"
    )


def _try(what: str, call, settings: Settings) -> Finding:  # type: ignore[no-untyped-def]
    try:
        return Finding(what, True, call(settings))
    except (CloudDiscoveryError, OSError, ImportError) as error:
        return Finding(what, False, str(error))


def _formats(settings: Settings) -> str:
    from etl.intake.formats import available

    return f"{len(available(settings.formats_folder))} formats"


def _catalog(settings: Settings) -> str:
    from etl import catalog

    stats = catalog.load(settings).stats()
    return f"{stats['apps']:,} apps, {stats['domains']:,} domains"


def _pdf(settings: Settings) -> str:
    try:
        import weasyprint
    except OSError as error:
        raise OSError(
            f"{error}. Install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core (make setup does)."
        ) from None
    return f"WeasyPrint {weasyprint.__version__}"


def _warehouse(settings: Settings) -> str:
    from etl import warehouse

    return warehouse.examine(settings)


def _mail(settings: Settings) -> str:
    if not settings.mail.host:
        return "not configured: mails are written as .eml beside the report"
    with socket.create_connection((settings.mail.host, settings.mail.port), timeout=5):
        return f"{settings.mail.host}:{settings.mail.port} answers"
