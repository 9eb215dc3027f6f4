from pathlib import Path

from vid3d.checking import archive


def run(file: Path, /) -> None:
    """Put the files of an archive into results/, each compared with its record; Snakemake then makes what is missing.

    Args:
        file: of `vid3d archive`.
    """
    written, there = archive.unpack(file, Path())
    print(f"{file}: {written} files restored" + (f", {there} were there" if there else ""))
