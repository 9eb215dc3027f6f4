"""Encode a shard of scenes for the denoisers."""

from pathlib import Path

from vid3d.training import encode, pipelines, shards
from vid3d.training.faster import use_threads


def run(
    *,
    scenes: Path,
    autoencoder: Path,
    image_encoder: Path,
    orbits: Path | None = None,
    videos: Path | None = None,
    threads: int = 1,
) -> None:
    """Write the latents of the shard's orbits, of its videos, or of both.

    Args:
        scenes: the shard.
        autoencoder: its folder.
        image_encoder: its folder.
        orbits: NPZ to write (default: none).
        videos: NPZ to write (default: none).
        threads: of the processor.
    """
    use_threads(threads)
    data = shards.load_scenes([scenes])
    models = pipelines.load_autoencoder(autoencoder), pipelines.load_image_encoder(image_encoder)
    for output, encoded in ((orbits, encode.encode_orbits), (videos, encode.encode_videos)):
        if output is not None:
            shards.save_arrays(output, vars(encoded(data, *models)))
