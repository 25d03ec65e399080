"""Putting a block list where a device, or a web server that it reads from, finds it."""

from __future__ import annotations

from pathlib import Path

from etl.errors import GovernanceError
from etl.governance.block_lists.render import BlockList
from etl.lake import replacing


def only_text(made: BlockList) -> str:
    """The text of a list that is one file. Raises GovernanceError when it is several."""
    if len(made.files) > 1:
        raise GovernanceError(
            f"{made.device}: found {len(made.files)} files to write; expected one. Name a folder with --out."
        )
    return next(iter(made.files.values()))


def save(made: BlockList, out: Path) -> list[Path]:
    """Write the files into a folder, under their usual names, or the one file as `out`. A reader never sees a part.

    Parts of an earlier, longer list are removed from a folder. Raises GovernanceError.
    """
    if not out.is_dir():
        texts = {out: only_text(made)}
    else:
        texts = {out / name: text for name, text in made.files.items()}
        for left in set(_parts(out, made)) - set(texts):
            left.unlink()
    for path, text in texts.items():
        try:
            with replacing(path) as temporary:
                temporary.write_bytes(text.encode("utf-8"))  # as it is: line ends belong to the syntax
        except OSError as error:
            raise GovernanceError(
                f"{path}: found no way to write it ({error}). Name another file with --out."
            ) from None
    return list(texts)


def _parts(folder: Path, made: BlockList) -> list[Path]:
    """The files of this list that a folder has, in one piece or in numbered parts."""
    name = Path(next(iter(made.files)))
    stem = name.stem.rpartition("_")[0] if name.stem[-2:].isdigit() else name.stem
    return [*folder.glob(f"{stem}{name.suffix}"), *folder.glob(f"{stem}_[0-9][0-9]{name.suffix}")]
