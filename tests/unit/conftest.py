"""A Stable Video Diffusion pipeline small enough for a CPU, with random weights, as a folder on disk."""

import pytest


@pytest.fixture(scope="session")
def tiny_svd(tmp_path_factory):
    """The folder of a tiny random SVD in diffusers' format: the real classes, a few hundred thousand parameters."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    from vid3d.weights import tiny

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny-svd")
    tiny.video_model(frames=3).save_pretrained(folder)
    return folder
