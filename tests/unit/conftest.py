"""What tests of several folders share, made once: a tiny pipeline, and a result of the experiment."""

import pytest
from made_up_cells import write_result


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


@pytest.fixture(scope="session")
def made_up_result(tmp_path_factory):
    """A folder with what the experiment would make of made-up cells (``made_up_cells.fake(gain=0.5)``)."""
    folder = tmp_path_factory.mktemp("experiment")
    write_result(folder)
    return folder
