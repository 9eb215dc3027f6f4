from pathlib import Path

from vid3d.training import encode, pipelines, shards
from vid3d.training.faster import use_threads


def run(*, scenes: Path, autoencoder: Path, image_encoder: Path, orbits: Path, videos: Path, threads: int = 1) -> None:
    """Encode a shard of scenes for the denoisers.

    Args:
        scenes: the shard.
        autoencoder: its folder.
        image_encoder: its folder.
        orbits: NPZ to write.
        videos: NPZ to write.
        threads: of the processor.
    """
    use_threads(threads)
    data = shards.load_scenes([scenes])
    models = [pipelines.load_part("autoencoder", autoencoder), pipelines.load_part("image-encoder", image_encoder)]
    shards.save_arrays(orbits, vars(encode.encode_orbits(data, *models)))
    shards.save_arrays(videos, vars(encode.encode_videos(data, *models)))
