"""Refreshing imports by maintenance: from paths and archives, bounded, and no failure costs more than its own source."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from etl import catalog, pipeline
from etl.catalog.importing import refresh
from etl.errors import CatalogError
from etl.settings import Settings

ENTRY = json.dumps({"New": {"domain": "new.example", "tfa": ["totp"]}})


def sources(settings: Settings, **places: str) -> Settings:
    return settings.model_copy(update={"catalog": settings.catalog.model_copy(update={"sources": places})})


def clone(home: Path) -> None:
    (home / "clone" / "entries" / "n").mkdir(parents=True)
    (home / "clone" / "entries" / "n" / "new.json").write_text(ENTRY)


def test_maintenance_imports_what_is_configured(settings: Settings) -> None:
    """A path is imported again; one that fails is told once the others are done, and left-overs go."""
    clone(settings.home)
    left = settings.home / "catalog" / "imported" / ".hibp.99.tmp"
    left.mkdir(parents=True)
    assert pipeline.maintain(sources(settings, twofactorauth="clone")).imports == [
        "twofactorauth: 1 added, 0 removed, 0 changed"
    ]
    assert "new.example" in catalog.load(settings).domains and not left.exists()
    both = sources(settings, hibp="missing", v2fly="ftp://example.com/x.zip", twofactorauth="clone")
    with pytest.raises(
        CatalogError, match=r"hibp: .*found nothing; expected [^\n]*\n.*v2fly: found 'ftp:.*expected an https"
    ) as told:
        pipeline.maintain(both)
    assert "twofactorauth" not in str(told.value) and "new.example" in catalog.load(settings).domains


def test_archives_give_the_folder_inside(tmp_path: Path) -> None:
    """A zip and a tar.gz of a repository hold one folder at the top; links in them are left out."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("repository-main/entries/n/new.json", ENTRY)
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as tar:
        one = tarfile.TarInfo("repository-main/entries/n/new.json")
        one.size = len(ENTRY)
        tar.addfile(one, io.BytesIO(ENTRY.encode()))
        link = tarfile.TarInfo("repository-main/entries/link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    for name in ("a.zip", "b.tar.gz"):
        top = refresh.unpack(tmp_path / name, tmp_path / f"{name}.content")
        assert top.name == "repository-main"
        assert [path.name for path in top.rglob("*.json")] == ["new.json"]


@pytest.mark.parametrize("name", ["../outside.json", "/outside.json", "a/../../outside.json", "C:\\outside.json"])
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    """No member of an archive is written outside the folder."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(name, "{}")
    with pytest.raises(CatalogError, match="expected paths below the archive"):
        refresh.unpack(tmp_path / "a.zip", tmp_path / "in" / "content")
    assert not list(tmp_path.rglob("outside*"))


def test_archives_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb, too many files and a broken archive are refused."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.json", " " * 1_000_000)
        packed.writestr("b.json", "{}")
    monkeypatch.setattr(refresh, "LARGEST_CONTENT", 100_000)
    with pytest.raises(CatalogError, match="expected less"):
        refresh.unpack(tmp_path / "a.zip", tmp_path / "1")
    monkeypatch.setattr(refresh, "LARGEST_CONTENT", 10_000_000)
    monkeypatch.setattr(refresh, "MOST_FILES", 1)
    with pytest.raises(CatalogError, match="more than 1 files"):
        refresh.unpack(tmp_path / "a.zip", tmp_path / "2")
    for name in ("c.zip", "c.tar.gz"):
        (tmp_path / name).write_bytes(b"no archive")
        with pytest.raises(CatalogError, match="found no whole archive"):
            refresh.unpack(tmp_path / name, tmp_path / "3")


@pytest.mark.parametrize(
    "address", ["http://example.com/a.zip", "file:///etc/a.json", "https://example.com/a.exe", "https://example.com/"]
)
def test_only_archives_over_https_are_fetched(tmp_path: Path, address: str) -> None:
    """Other schemes and other files are refused before anything is asked for."""
    with pytest.raises(CatalogError, match="expected an https address that ends in"):
        refresh.fetch(address, tmp_path)


class _Answer(io.BytesIO):
    """What a server sends."""


def test_download_is_bounded_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes is written up to the limit; a redirection to another scheme is refused."""

    class Opener:
        def open(self, address: str, timeout: float) -> _Answer:
            return _Answer(b"[]" + b" " * 1000)

    monkeypatch.setattr(refresh.urllib.request, "build_opener", lambda *handlers: Opener())
    assert refresh.fetch("https://example.com/breaches.json", tmp_path).read_bytes().startswith(b"[]")
    monkeypatch.setattr(refresh, "LARGEST_DOWNLOAD", 100)
    with pytest.raises(CatalogError, match="expected less"):
        refresh.fetch("https://example.com/breaches.json", tmp_path)
    request = refresh.urllib.request.Request("https://example.com/a.zip")
    with pytest.raises(CatalogError, match="expected https"):
        refresh._OnlyHttps().redirect_request(request, io.BytesIO(), 302, "", None, "http://example.com/a.zip")  # type: ignore[arg-type]
