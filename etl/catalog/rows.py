"""CSV files of the catalog as rows that know where they stand, so that every refusal names file and line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl.errors import CatalogError


@dataclass(frozen=True)
class Row:
    """One row of a data file. `row["column"]` is its text, stripped; `words` splits a blank-separated column."""

    path: Path
    line: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def words(self, column: str) -> tuple[str, ...]:
        return tuple(self.values[column].split())

    def refuse(self, found: str, expected: str, repair: str) -> CatalogError:
        """The error for something wrong in this row."""
        return CatalogError(self.sentence(found, expected, repair))

    def sentence(self, found: str, expected: str, repair: str) -> str:
        return f"{self.path}:{self.line}: found {found}; expected {expected}. {repair}"


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a CSV file (UTF-8, header first). Raises CatalogError when the header or a row has other columns."""
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        header = next(reader, [])
        if header != list(columns):
            raise CatalogError(
                f"{path}:1: found the columns {', '.join(header) or 'none'}; expected {', '.join(columns)}. Correct the header."
            )
        for cells in _cells(path, reader):
            if len(cells) != len(header):
                raise CatalogError(
                    f"{path}:{reader.line_num}: found {len(cells)} cells; expected {len(header)}. Quote cells that hold a comma."
                )
            yield Row(path, reader.line_num, dict(zip(header, map(str.strip, cells), strict=True)))


def _cells(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except (csv.Error, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: found what is no CSV ({error}); expected rows in UTF-8. Mend the file.") from None


def write_rows(
    path: Path, columns: Sequence[str], rows: Iterator[Sequence[object]] | Sequence[Sequence[object]]
) -> None:
    """Write a CSV file in the catalog's own dialect. Not atomic: give a temporary path."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
