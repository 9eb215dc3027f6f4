from collections.abc import Sequence
from pathlib import Path

from vid3d.errors import InputError
from vid3d.study.layout import DOWNLOADED
from vid3d.weights.manifest import load_manifest


def run(folder: Path, /, *, models: Sequence[str] = (), manifest: Path = Path("config/weights.yaml")) -> None:
    """Compare a folder of published weights, such as one copied by hand, with sizes and checksums, file by file.

    Args:
        folder: what is, or is to be, weights/downloads.
        models: names of the manifest's models that are to be there (default: all).
        manifest: which weights there are (default: config/weights.yaml).

    Raises:
        InputError: an unknown model, no such folder, or a file that is missing or wrong.
    """
    known = load_manifest(manifest).models
    if unknown := [name for name in models if name not in known]:
        raise InputError(f"--models: there is no model {unknown[0]!r} in {manifest}; choose of {', '.join(known)}")
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one that holds {', '.join(known)}")
    files = {path: file for name in models or known for path, file in known[name].paths.items()}
    wrong = 0
    for path, file in files.items():
        name = path.removeprefix(DOWNLOADED.format(file=""))
        problem = file.problem(folder / name)
        wrong += problem is not None
        alone = "" if file.confirmed else "; one public listing alone has its checksum, no second one confirms it"
        print(f"{name}: {problem or 'right'}{alone}", flush=True)  # each at once: large files take minutes
    if wrong:
        raise InputError(
            f"{folder}: {wrong} of {len(files)} files missing or wrong, named above; copy or fetch them anew"
        )
