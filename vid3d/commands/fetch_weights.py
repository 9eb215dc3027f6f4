from collections.abc import Sequence
from pathlib import Path

from vid3d.errors import InputError
from vid3d.weights.download import bring_weights
from vid3d.weights.manifest import load_manifest


def run(*, manifest: Path = Path("config/weights.yaml"), licences: Sequence[str] = (), output: Sequence[Path]) -> None:
    """Fetch files of published weights, verify them, and only then give them their names.

    Args:
        manifest: which weights there are (default: config/weights.yaml).
        licences: names of the licences that you accept.
        output: files of the manifest.
    """
    weights = load_manifest(manifest)
    for path in output:
        name = weights.owner(path.as_posix())
        if name is None:
            raise InputError(f"--output: {path} is no file of {manifest}")
        refusal = weights.refusal(name, licences)
        if refusal is not None:
            raise InputError(f"{path}: licence not acknowledged: {refusal}")
        model = weights.models[name]
        bring_weights(model, path.relative_to(model.folder).as_posix(), path)
