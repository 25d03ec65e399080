"""Refreshing imports from the places that `[catalog.sources]` names: `kind = "folder or file"`, or the https address of an archive.

A source that fails leaves its import as it is, and is told. From the network come only .zip, .tar.gz and .tgz (an archive of a
repository), .json and .csv; sizes and counts are bounded, nothing but regular files is unpacked, and only below the given folder.
"""

from __future__ import annotations

import http.client
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

from etl.catalog import catalog_settings
from etl.catalog.catalog import user_file
from etl.catalog.importing import run
from etl.catalog.importing.folder import Changes
from etl.catalog.importing.reading import MOST_FILES
from etl.errors import CatalogError
from etl.settings import Settings

LARGEST_DOWNLOAD = 256 << 20  # bytes
LARGEST_CONTENT = 1 << 30  # bytes, unpacked
TIMEOUT = 60.0  # seconds without an answer
ENDINGS = (".zip", ".tar.gz", ".tgz", ".json", ".csv")


def refresh(settings: Settings) -> tuple[list[Changes], list[str]]:
    """Import every configured source again: what changed, and a sentence for each source that failed."""
    free(user_file(settings.home, catalog_settings(settings).imported))
    done, failed = [], []
    for kind, place in sorted(catalog_settings(settings).sources.items()):
        try:
            with _here(place, settings.home) as path:
                done.append(run(settings, kind, path))
        except CatalogError as error:
            failed.append(f"[catalog.sources] {kind}: {error}")
    return done, failed


@contextmanager
def _here(place: str, home: Path) -> Iterator[Path]:
    """The path of a place; of a network address, what was fetched and unpacked, for as long as it is needed."""
    if "://" not in place:
        yield home / Path(place).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-import-") as folder:
        yield fetch(place, Path(folder))


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise CatalogError(
                f"{req.full_url}: found a redirection to {newurl[:200]}; expected https. Name another address."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(address: str, folder: Path) -> Path:
    """Fetch an archive or file into a folder; gives the file, or the folder that the archive holds. Raises CatalogError."""
    parts = urlsplit(address)
    ending = next((one for one in ENDINGS if parts.path.endswith(one)), None)
    if parts.scheme != "https" or ending is None:
        raise CatalogError(
            f"found {address[:200]!r}; expected an https address that ends in {', '.join(ENDINGS)}. Correct it."
        )
    target = folder / f"fetched{ending}"
    opener = urllib.request.build_opener(_OnlyHttps)
    try:
        with opener.open(address, timeout=TIMEOUT) as answer, target.open("wb") as out:
            _copy(answer, out, LARGEST_DOWNLOAD, address)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise CatalogError(
            f"{address[:200]}: found no answer ({error}); expected a file. Try again, or give a clone."
        ) from None
    return target if ending in (".json", ".csv") else unpack(target, folder / "content")


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack regular files of a zip or tar.gz; gives the one folder at its top, or the folder itself. Raises CatalogError."""
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as packed:
                members = [one for one in packed.infolist() if not one.is_dir() and (one.external_attr >> 28) in (0, 8)]
                _unpack(((one.filename, packed.open(one)) for one in members), folder)
        else:
            with tarfile.open(archive, "r:gz") as tar:
                regular = ((one.name, tar.extractfile(one)) for one in tar if one.isreg())
                _unpack(((name, stream) for name, stream in regular if stream is not None), folder)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        zlib.error,
        RuntimeError,
        NotImplementedError,
        OSError,
    ) as error:
        raise CatalogError(
            f"{archive.name}: found no whole archive ({error}); expected zip or tar.gz. Fetch it again."
        ) from None
    tops = list(folder.iterdir()) if folder.exists() else []
    return tops[0] if len(tops) == 1 and tops[0].is_dir() else folder


def _unpack(members: Iterator[tuple[str, IO[bytes]]], folder: Path) -> None:
    left = LARGEST_CONTENT
    for number, (name, stream) in enumerate(members):
        if number >= MOST_FILES:
            raise CatalogError(
                f"archive: found more than {MOST_FILES:,} files; expected a clone of one source. Check it."
            )
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
            raise CatalogError(
                f"archive: found the path {name[:100]!r}; expected paths below the archive. Do not use it."
            )
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with stream, target.open("wb") as out:
            left -= _copy(stream, out, left, "archive")


def _copy(source: IO[bytes], target: IO[bytes], most: int, name: str) -> int:
    size = 0
    while chunk := source.read(1 << 16):
        size += len(chunk)
        if size > most:
            raise CatalogError(f"{name[:200]}: found more than {most >> 20} MB; expected less. Check the address.")
        target.write(chunk)
    return size


def free(folder: Path) -> None:
    """Remove what an import killed in the middle left behind: hidden folders beside the imports."""
    for path in folder.glob(".*.*.*"):
        if path.is_dir() and path.suffix in (".tmp", ".old"):
            shutil.rmtree(path, ignore_errors=True)
