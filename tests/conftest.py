"""What all tests share: the machine's GPUs are hidden, so that the CPU's suite is the same with and without them."""

import os


def pytest_configure(config):
    """Before torch looks for devices.  Only `pytest -m gpu`, which chooses the tests that want one, leaves them."""
    if config.getoption("markexpr") != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
