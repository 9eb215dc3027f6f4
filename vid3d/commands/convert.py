from pathlib import Path

from vid3d import __version__, files
from vid3d.weights import convert_v3d


def run(*, checkpoint: Path, svd: Path | None = None, config: Path | None = None, output: Path) -> None:
    """A checkpoint in its authors' (sgm) layout, such as V3D's, to a diffusers folder.

    Write the folder, and in it ``conversion.json``, the account of what became of each weight.

    Args:
        checkpoint: the file as published.
        svd: svd_xt.safetensors, for its encoders (default: the checkpoint's own).
        config: JSON, diffusers' arguments by part, for a model not of V3D's size.
        output: the folder.
    """
    configuration = {} if config is None else files.load_json(config)
    with files.atomic_folder(output) as folder:
        account = convert_v3d.convert(checkpoint, svd, folder, configuration)
        files.save_json(folder / "conversion.json", account | {"vid3d": __version__})
