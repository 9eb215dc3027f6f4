import shutil
from pathlib import Path

from vid3d import files
from vid3d.training import pipelines, shards


def run(*, autoencoder: Path, image_encoder: Path, denoiser: Path, output: Path) -> None:
    """Put trained parts together as a Stable Video Diffusion pipeline, with what was done to train them.

    Args:
        autoencoder: its folder.
        image_encoder: its folder.
        denoiser: its folder.
        output: the pipeline's folder.
    """
    folders = {"autoencoder": autoencoder, "image_encoder": image_encoder, "denoiser": denoiser}
    done = {part: files.load_json(folder / "training.json") for part, folder in folders.items()}
    done["autoencoder"]["judged"] = files.load_json(autoencoder / "judged.json")
    pipelines.assemble(autoencoder, image_encoder, denoiser, output)
    losses = {part: shards.load_losses(folder / "training.csv") for part, folder in folders.items()}
    shards.save_curves(output / "training.csv", losses)
    files.save_json(output / "training.json", done)
    shutil.copyfile(autoencoder / "sheet.webp", output / "autoencoder.webp")
