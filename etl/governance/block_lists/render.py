"""Writing a block list from a device's templates."""

from __future__ import annotations

import re
import shlex
import unicodedata
import zlib
from dataclasses import dataclass

from etl.errors import GovernanceError
from etl.governance.block_lists import mde
from etl.governance.block_lists.devices import Device, devices
from etl.governance.block_lists.entries import Blocked, Blocking, blocking
from etl.settings import Settings

LONGEST_COMMENT = 200
NUMBERS = 1 << 30


@dataclass(frozen=True)
class BlockList:
    """The files of one block list by name (all but `mde` have one), and what it leaves open."""

    device: str
    files: dict[str, str]
    warnings: tuple[str, ...]
    domains: int


def block_list(settings: Settings, name: str) -> BlockList:
    """The block list for a device. Raises GovernanceError for a device that is not known, or more than it can hold."""
    device = devices().get(name)
    if device is None:
        raise GovernanceError(f"--for: found {name!r}; expected one of {', '.join(devices())}. Correct it.")
    wanted = blocking(settings, by_name=device.matches == "name")
    fitting, left_out = _fitting(device, wanted)
    files = mde.files(device, fitting) if name == "mde" else {device.file: _text(device, fitting)}
    caveats = [device.caveat] if device.caveat and fitting.apps else []
    count = sum(len(app.domains) for app in fitting.apps)
    return BlockList(name, files, (*wanted.warnings, *left_out, *caveats), count)


def _fitting(device: Device, wanted: Blocking) -> tuple[Blocking, list[str]]:
    warnings, apps = [], []
    for app in wanted.apps:
        fits = tuple(domain for domain in app.domains if len(domain) <= device.longest)
        warnings += [
            f"{app.app_name}: {domain} is left out: {device.title} takes at most {device.longest} characters."
            for domain in app.domains
            if domain not in fits
        ]
        if fits:
            apps.append(Blocked(app.app_id, app.app_name, app.note, fits))
    return Blocking(tuple(apps), wanted.warnings, wanted.serial), warnings


def _text(device: Device, wanted: Blocking) -> str:
    parts = [device.header.format(serial=wanted.serial)]
    numbers = _numbers([domain for app in wanted.apps for domain in app.domains])
    for app in wanted.apps:
        if device.comment:
            parts.append(f"{device.comment} {comment(app)}\n")
        parts += [device.line.format(**fields(app, domain, numbers[domain])) for domain in app.domains]
    if wanted.apps or device.always:
        parts.append(device.footer.format(serial=wanted.serial))
    return "".join(parts)


def fields(app: Blocked, domain: str, number: int) -> dict[str, str | int]:
    """What a line may use. `number` and `second` stay the domain's own whatever else is listed, so that a diff shows what changed."""
    return {
        "domain": domain,
        "pattern": re.escape(domain).replace(r"\-", "-"),
        "number": number,
        "second": number + 2 * NUMBERS,
        "comment": comment(app),
        "shell_comment": shlex.quote(comment(app)),
    }


def comment(app: Blocked) -> str:
    """App and note in printable ASCII on one line: it stands in the configuration of a device, and a note is anybody's text."""
    text = f"{app.app_name} ({app.app_id}): {app.note or 'unsanctioned'}"
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    # A backslash at the end of a line continues it on several devices; quotes and ? have a meaning on others.
    safe = re.sub(r"[^A-Za-z0-9 ()\[\]_.,:;/@+=&%#-]", " ", plain)
    return " ".join(safe.split())[:LONGEST_COMMENT].rstrip()


def _numbers(domains: list[str]) -> dict[str, int]:
    """A number for each domain that follows from its name; of two that meet, the later in order moves on."""
    taken: set[int] = set()
    found = {}
    for domain in sorted(domains):
        number = zlib.crc32(domain.encode()) % NUMBERS + 1
        while number in taken:
            number += 1
        taken.add(number)
        found[domain] = number
    return found
