"""Two rendered scenes, and an untrained mini pipeline as a folder."""

from pathlib import Path

import pytest
import torch

from vid3d.training import models, pipelines, scenes


@pytest.fixture(scope="package")
def shard() -> scenes.Scenes:
    return scenes.render_scenes(3, 2, seed=0)


@pytest.fixture(scope="package")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the pipeline ``mini`` of clips of 3 frames, and its parts ``a``, ``e`` and ``d``."""
    folder = tmp_path_factory.mktemp("mini")
    torch.manual_seed(0)
    autoencoder, encoder, denoiser = models.new_autoencoder(), models.new_image_encoder(), models.new_denoiser(3)
    torch.nn.init.normal_(denoiser.conv_out.weight, std=0.05)
    for model, name in ((autoencoder, "a"), (encoder, "e"), (denoiser, "d")):
        pipelines.save_part(model, folder / name)
    pipelines.assemble(folder / "a", folder / "e", folder / "d", folder / "mini")
    return folder
