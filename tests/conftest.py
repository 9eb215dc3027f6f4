"""What all tests share: the machine's GPUs are hidden, so that the CPU's suite is the same with and without them.

Libraries compute with one thread and the instructions that are pinned, as the workflow's jobs do.

`VID3D_PRETEND_CUDA=1` lets torch say in this process that there is a GPU, as on a machine where hiding it fails: the
CPU's suite must pass all the same, without any test going to a device that only a GPU machine has.
"""

import gc
import os

from vid3d.machine import instructions


def pytest_runtest_teardown():
    """Search again what commands have exempted (vid3d/loading.py): this process runs hundreds of them."""
    gc.unfreeze()


def pytest_configure(config):
    """Before torch looks for devices.  Only `pytest -m gpu`, which chooses the tests that want one, leaves them."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    instructions.pin(os.environ)
    if config.getoption("markexpr") != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if os.environ.get("VID3D_PRETEND_CUDA"):
        import torch

        torch.cuda.is_available = lambda: True
        # torch's own optimisers would then ask the driver, at each step, whether a graph is being captured
        torch.optim.Optimizer._accelerator_graph_capture_health_check = lambda optimiser: None
