"""Block lists: what each device takes, checked by the real program where one is installed; safe, sorted, and the same every time."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl import catalog
from etl.catalog.catalog import Catalog
from etl.catalog.entries import App, Entries, PathPrefix
from etl.cli import app as program
from etl.errors import CloudDiscoveryError, GovernanceError
from etl.governance import block_lists, tags
from etl.governance.block_lists import mde
from etl.governance.tags import Entry
from etl.settings import Settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = "=cmd|' /C calc'!A0 ; drop \\ \u2028 \"$(reboot)\" `id` €  <!-- ü --> \\"
APPS = {
    "dropbox": App("dropbox", "Dropbox", None, ("dropbox.com", "db.tt")),
    "dropbox_paper": App("dropbox_paper", "Dropbox Paper", None, ("paper.dropbox.com",)),
    "mega": App("mega", "MEGA", None, ("mega.nz", "mega.co.nz")),
    "okta": App("okta", "Okta", None, ("okta.com",)),
    "google": App("google", "Google", None, ("google.com", "google.de")),
    "drive_by_path": App("drive_by_path", "Drive", None, ()),
    "odd": App("odd", "Odd", None, ("x;reboot.com", "1.2.3.4", "odd-one.example", "a_b.example")),
}
ENTRIES = Entries(APPS, paths=[PathPrefix("google.com", "/drive", "drive_by_path")])
NAMES = sorted(block_lists.devices())


@pytest.fixture(autouse=True)
def small_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "load", lambda settings: Catalog(ENTRIES))


def tag(settings: Settings, *app_ids: str, as_: str = "unsanctioned", note: str = "") -> None:
    tags.append(settings, [Entry(app_id, as_, "alice", note=note, at=NOON) for app_id in app_ids])


def text(settings: Settings, device: str) -> str:
    return block_lists.only_text(block_lists.block_list(settings, device))


UNPACKED = Path(sys.prefix) / "programs"  # by scripts/setup.sh: programs of packages that are not installed


def program_path(name: str) -> Path:
    """Where a real program lies; skips when it is not there."""
    places = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", f"{UNPACKED}/usr/sbin")
    path = shutil.which(name, path=":".join(places))
    if path is None:
        pytest.skip(f"{name} is not installed")
    return Path(path)


def run(name: str, *arguments: str, folder: Path) -> str:
    """The output of a real program, which must be content."""
    libraries = ":".join(str(path) for path in UNPACKED.glob("usr/lib/*-linux-gnu"))
    env = os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
    done = subprocess.run(
        [program_path(name), *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def every_case(settings: Settings) -> None:
    """Apps with a hostile note, shared and odd domains, and one that nobody catalogued."""
    tag(settings, "dropbox", "mega", "odd", "uncatalogued:shady.example", note=HOSTILE)


def test_all_devices_of_the_contract_are_there() -> None:
    """The devices that the command line promises."""
    promised = "squid bluecoat fortigate panos panos_set cisco_asa juniper_srx zscaler forcepoint checkpoint sophos"
    assert set(NAMES) == {*promised.split(), "rpz", "hosts", "pac", "dnsmasq", "unbound", "mde"}


@pytest.mark.parametrize("device", NAMES)
def test_list_has_every_domain_once_and_no_other(settings: Settings, device: str) -> None:
    """The domains of unsanctioned apps, none of other apps, none that could be a command; twice the same bytes."""
    every_case(settings)
    tag(settings, "okta", as_="sanctioned")
    written = text(settings, device)
    found = set(
        re.findall(r"(?:mega\.nz|mega\.co\.nz|dropbox\.com|db\.tt|shady\.example|okta\.com)", written.replace("\\", ""))
    )
    assert found == {"mega.nz", "mega.co.nz", "dropbox.com", "db.tt", "shady.example"}
    assert "odd-one.example" in written.replace("\\", "") and "1.2.3.4" not in written
    assert text(settings, device) == written


@pytest.mark.parametrize("device", NAMES)
def test_hostile_note_stays_a_comment(settings: Settings, device: str) -> None:
    """A note adds no line, ends no comment, continues no line and is no command, formula or substitution."""
    every_case(settings)
    hostile = text(settings, device)
    assert ("$(" not in hostile and "`" not in hostile) or device == "mde"
    assert "\u2028" not in hostile and "x;reboot" not in hostile
    bare = re.sub(r"\(mega\): .*", "", hostile)
    tag(settings, "dropbox", "mega", "odd", "uncatalogued:shady.example", note="plain")
    assert len(text(settings, device).splitlines()) == len(bare.splitlines())
    mark = block_lists.devices()[device].comment
    for line in hostile.splitlines() if mark else ():
        assert not line.startswith(mark) or (line.isascii() and not line.endswith("\\"))


@pytest.mark.parametrize("device", NAMES)
def test_note_of_the_tag_is_the_comment(settings: Settings, device: str) -> None:
    """Where a device knows comments, the tag's note says why; where it knows none, the list has only entries."""
    tag(settings, "mega", note="no contract (ticket 7)")
    has_comments = bool(block_lists.devices()[device].comment) or device == "mde"
    assert ("no contract (ticket 7)" in text(settings, device)) == has_comments


@pytest.mark.parametrize("device", NAMES)
def test_a_new_app_only_adds_lines(settings: Settings, device: str) -> None:
    """A diff shows what changed: another app adds lines, and changes none (the zone's serial aside)."""
    tag(settings, "mega", "dropbox")
    before = text(settings, device).splitlines()
    tag(settings, "odd")
    after = text(settings, device).splitlines()
    assert set(before) <= set(after) and len(after) > len(before)


@pytest.mark.parametrize("device", NAMES)
def test_empty_list_is_no_error(settings: Settings, device: str) -> None:
    """Nothing is unsanctioned: a list without a domain, and without a warning."""
    made = block_lists.block_list(settings, device)
    assert (made.domains, made.warnings) == (0, ())
    assert "dropbox" not in "".join(made.files.values())


def test_what_must_never_be_blocked_is_left_out(settings: Settings) -> None:
    """An identity provider by its app, and a domain above a guarded one, stay off; the rest of that app is on."""
    tag(settings, "okta", "google")
    made = block_lists.block_list(settings, "sophos")
    assert block_lists.only_text(made) == "google.de\n"
    assert [warning for warning in made.warnings if "never_block" in warning] == [
        "Google: google.com stays off the block lists, since [governance] never_block guards accounts.google.com.",
        "Okta (okta) stays off the block lists: [governance] never_block names it.",
    ]
    free = settings.governance.model_copy(update={"never_block": ()})
    unguarded = settings.model_copy(update={"governance": free})
    assert text(unguarded, "sophos") == "google.com\ngoogle.de\nokta.com\n"


def test_app_known_by_a_path_is_left_out_with_a_warning(settings: Settings) -> None:
    """google.com/drive cannot be blocked by domain, and google.com is not blocked for it."""
    tag(settings, "drive_by_path")
    made = block_lists.block_list(settings, "sophos")
    assert block_lists.only_text(made) == ""
    assert made.warnings == (
        "Drive (drive_by_path) cannot be enforced by domain: it is known by the path google.com/drive only. "
        "Block lists leave it out; give it a domain of its own in catalog/own.toml if it has one.",
    )


def test_shared_domain_is_said(settings: Settings) -> None:
    """A parent's child app is hit, too: said while it is not unsanctioned itself; then the parent covers it."""
    tag(settings, "dropbox")
    shared = "Dropbox: blocking dropbox.com also blocks Dropbox Paper, not tagged unsanctioned."
    assert shared in block_lists.block_list(settings, "squid").warnings
    tag(settings, "dropbox_paper")
    made = block_lists.block_list(settings, "squid")
    assert shared not in made.warnings and "paper" not in block_lists.only_text(made)
    assert "0.0.0.0 paper.dropbox.com" in text(settings, "hosts")


def test_tag_taken_off_takes_the_app_off(settings: Settings) -> None:
    """A sanctioned app is on no list any more."""
    tag(settings, "mega")
    assert "mega.nz" in text(settings, "squid")
    tag(settings, "mega", as_="sanctioned")
    assert text(settings, "squid") == ""


def squid(folder: Path, path: Path) -> None:
    usr = program_path("squid").parent.parent
    places = f"""
mime_table {usr}/share/squid/mime.conf
icon_directory {usr}/share/squid/icons
unlinkd_program {usr}/lib/squid/unlinkd
logfile_daemon {usr}/lib/squid/log_file_daemon
"""
    (folder / "squid.conf").write_text(f"http_port 3128{places}include {path}\nhttp_access deny all\n")
    told = run("squid", "-k", "parse", "-f", str(folder / "squid.conf"), folder=folder)
    assert not [line for line in told.splitlines() if "ERROR" in line or "FATAL" in line or "WARNING" in line]


def unbound(folder: Path, path: Path) -> None:
    (folder / "unbound.conf").write_text(f'server:\n  chroot: ""\n  directory: "{folder}"\ninclude: "{path}"\n')
    assert "no errors" in run("unbound-checkconf", str(folder / "unbound.conf"), folder=folder)


def named(folder: Path, path: Path) -> None:
    told = run("named-checkzone", "-i", "none", "rpz.local", str(path), folder=folder)
    assert f"loaded serial {int(NOON.timestamp())}" in told and told.strip().endswith("OK")


def dnsmasq(folder: Path, path: Path) -> None:
    assert "syntax check OK" in run("dnsmasq", "--test", f"--conf-file={path}", folder=folder)


def shell(folder: Path, path: Path) -> None:
    """Run as a script with a mgmt_cli that writes down its arguments."""
    stand_in = folder / "mgmt_cli"
    stand_in.write_text('#!/bin/sh\nprintf "%s|" "$@" >> calls\nprintf "\\n" >> calls\n')
    stand_in.chmod(0o755)
    path.write_text(path.read_text(encoding="utf-8").replace("mgmt_cli ", "./mgmt_cli "), encoding="utf-8")
    run("sh", "-eu", str(path), folder=folder)
    calls = (folder / "calls").read_text(encoding="utf-8").splitlines()
    assert calls[-1] == "-s|id.txt|publish|" and "|url-list.1|mega.nz|url-list.2|*.mega.nz|" in calls[4] + calls[5]
    assert all(
        call.count("|") == (18 if "|application-site|" in call else 6 if "-group|" in call else 3) for call in calls
    )


CHECKS: dict[str, Callable[[Path, Path], None]] = {
    "squid": squid,
    "unbound": unbound,
    "rpz": named,
    "dnsmasq": dnsmasq,
    "checkpoint": shell,
}


@pytest.mark.parametrize("device", sorted(CHECKS))
def test_real_program_reads_it(settings: Settings, tmp_path: Path, device: str) -> None:
    """squid -k parse, unbound-checkconf, named-checkzone, dnsmasq --test and a shell find nothing wrong."""
    every_case(settings)
    (path,) = block_lists.save(block_lists.block_list(settings, device), tmp_path)
    CHECKS[device](tmp_path, path)


def test_pac_decides_as_it_should(settings: Settings, tmp_path: Path) -> None:
    """Evaluated in a JavaScript engine: the domain and what lies below it are stopped, look-alikes and properties are not."""
    every_case(settings)
    asked = {
        "dropbox.com": True,
        "WWW.Dropbox.com.": True,
        "a.b.mega.co.nz": True,
        "notdropbox.com": False,
        "dropbox.com.example.net": False,
        "constructor": False,
        "__proto__": False,
        "x.toString": False,
        "": False,
    }
    script = (
        f"console.log(JSON.stringify({json.dumps(list(asked))}.map(h => FindProxyForURL('https://' + h + '/', h))))"
    )
    (tmp_path / "run.js").write_text(text(settings, "pac") + script, encoding="utf-8")
    answers = json.loads(run("node", "run.js", folder=tmp_path))
    assert [answer != "DIRECT" for answer in answers] == list(asked.values())


def test_mde_is_split_and_limited(settings: Settings, tmp_path: Path) -> None:
    """501 domains are two files of the documented columns; a shorter list takes the second file away; 15,001 are refused."""
    many = {"many": App("many", "Many", None, tuple(f"d{n:05}.example" for n in range(501)))}
    ENTRIES.apps.update(many)
    try:
        tag(settings, "many", note="=1+1")
        made = block_lists.block_list(settings, "mde")
        with pytest.raises(GovernanceError, match="found 2 files to write"):
            block_lists.only_text(made)
        paths = block_lists.save(made, tmp_path)
        assert [path.name for path in paths] == ["unsanctioned_mde_01.csv", "unsanctioned_mde_02.csv"]
        rows = [list(csv.DictReader(io.StringIO(path.read_bytes().decode()))) for path in paths]
        assert [len(part) for part in rows] == [500, 1] and tuple(rows[0][0]) == mde.COLUMNS
        first = rows[0][0]
        assert (first["indicatorType"], first["indicatorValue"], first["action"]) == (
            "DomainName",
            "d00000.example",
            "Block",
        )
        assert (first["title"], first["description"]) == ("Unsanctioned app: Many", "'=1+1")
        ENTRIES.apps["many"] = App("many", "Many", None, tuple(f"d{n:05}.example" for n in range(15_001)))
        with pytest.raises(GovernanceError, match=r"found 15,001 domains to block; expected at most 15,000"):
            block_lists.block_list(settings, "mde")
    finally:
        del ENTRIES.apps["many"]
    tag(settings, "mega")
    block_lists.save(block_lists.block_list(settings, "mde"), tmp_path)
    assert [path.name for path in tmp_path.glob("*.csv")] == ["unsanctioned_mde.csv"]


def test_command(settings: Settings) -> None:
    """Text on standard output, warnings beside it; a file; JSON; the list of devices; a refusal."""
    tag(settings, "dropbox", note="no contract")
    cli, home = CliRunner(), {"CLOUD_DISCOVERY_HOME": str(settings.home)}
    done = cli.invoke(program, ["block-list", "--for", "sophos"], env=home)
    assert done.stdout == "db.tt\ndropbox.com\n" and "also blocks Dropbox Paper" in done.stderr
    path = settings.home / "list.txt"
    done = cli.invoke(program, ["block-list", "--for", "sophos", "--out", str(path)], env=home)
    assert path.read_text() == "db.tt\ndropbox.com\n" and done.stdout.startswith("2 domains")
    told = json.loads(cli.invoke(program, ["block-list", "--for", "sophos", "--json"], env=home).stdout)
    assert told["texts"] == {"unsanctioned_sophos.txt": "db.tt\ndropbox.com\n"}
    assert set(NAMES) <= set(cli.invoke(program, ["block-list", "--list"], env=home).stdout.split())
    assert cli.invoke(program, ["block-list"], env=home).exit_code == 2
    refused = cli.invoke(program, ["block-list", "--for", "toaster"], env=home)
    assert isinstance(refused.exception, CloudDiscoveryError) and "expected one of bluecoat" in str(refused.exception)


@pytest.mark.parametrize("device", NAMES)
def test_device_says_where_its_syntax_comes_from(device: str) -> None:
    """Each description names its document and what to do with the file."""
    found = block_lists.devices()[device]
    assert len(found.document) > 8 and len(found.use) > 8 and found.file.startswith("unsanctioned")
