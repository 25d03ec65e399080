"""Reading a clone of a public source: its files are hostile, so sizes, counts and depths are bounded, and links are not followed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

from etl.errors import CatalogError

LARGEST_FILE = 64 << 20  # bytes
MOST_FILES = 50_000
# Every scalar stays text and no object is ever made; the C reader where the library has it.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def refuse(path: Path, expected: str) -> NoReturn:
    """Raise CatalogError: the path holds no such layout."""
    found = "nothing" if not path.exists() else "a file" if path.is_file() else f"a folder without {expected}"
    raise CatalogError(
        f"{path}: found {found}; expected {expected}. Give the folder of a clone of that source; see docs/catalog.md."
    )


def folder_in(root: Path, *names: str) -> Path | None:
    """The first of some sub-folders that is there; links do not count."""
    return next((root / name for name in names if (root / name).is_dir() and not (root / name).is_symlink()), None)


def files_in(folder: Path, *endings: str) -> Iterator[Path]:
    """The regular files under a folder, sorted. Raises CatalogError when they are more than any source has."""
    found = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or (endings and path.suffix not in endings):
            continue
        found += 1
        if found > MOST_FILES:
            raise CatalogError(
                f"{folder}: found more than {MOST_FILES:,} files; expected a clone of one source. Give its folder."
            )
        yield path


def text_of(path: Path) -> str:
    """A file's text; bytes that are no UTF-8 are replaced. Raises CatalogError when it is too large or cannot be read."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise CatalogError(
                f"{path}: found more than {LARGEST_FILE >> 20} MB; expected less. Give the right folder."
            )
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise CatalogError(
            f"{path}: found that it cannot be read ({error.strerror}); expected a file. See to it."
        ) from None


def json_of(path: Path) -> Any:
    """A JSON file's value. Raises CatalogError when it is none."""
    return _parsed(path, "JSON", json.loads, (ValueError, RecursionError))


def yaml_of(path: Path) -> Any:
    """The first document of a YAML file; all scalars are text. Raises CatalogError when it is none."""
    return _parsed(path, "YAML", _first_document, (yaml.YAMLError, ValueError, RecursionError))


def csv_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header; `,` or `;` separates; names of columns in lower case. Raises CatalogError."""
    return _parsed(path, "CSV", _csv_rows, (csv.Error, ValueError))  # type: ignore[no-any-return]


def _parsed(path: Path, kind: str, parse: Callable[[str], Any], errors: tuple[type[Exception], ...]) -> Any:
    text = text_of(path)
    try:
        return parse(text)
    except errors as error:
        raise CatalogError(
            f"{path}: found what is no {kind} ({type(error).__name__}); expected {kind}. Mend it."
        ) from None


def _first_document(text: str) -> Any:
    return next(iter(yaml.load_all(text, Loader=_Loader)), None)


def _csv_rows(text: str) -> list[dict[str, str]]:
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [name.strip().lower() for name in next(reader, [])]
    return [dict(zip(names, map(str.strip, cells), strict=False)) for cells in reader if cells]
