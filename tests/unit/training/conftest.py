"""Two rendered scenes, and an untrained mini pipeline as a folder."""

from pathlib import Path

import pytest
import torch

from vid3d.training import autoencoder, denoiser, encode, image_encoder, models, pipelines, scenes


@pytest.fixture(autouse=True)
def on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training takes a GPU where torch finds one; what it comes to is compared with what a CPU makes."""
    for module in (autoencoder, denoiser, encode, image_encoder):
        monkeypatch.setattr(module, "processor", lambda: torch.device("cpu"))


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
