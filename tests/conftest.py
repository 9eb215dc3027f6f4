"""What all tests share: the machine's GPUs are hidden, so that the CPU's suite is the same with and without them.

Libraries compute with one thread, as the workflow's jobs do; on a busy machine two wait for each other.
"""

import os


def pytest_configure(config):
    """Before torch looks for devices.  Only `pytest -m gpu`, which chooses the tests that want one, leaves them."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if config.getoption("markexpr") != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
