"""What a process used of its CUDA device, as far as torch knows."""

from typing import Any

import torch


def usage() -> dict[str, Any] | None:
    """The device's name and the peak of the memory that torch reserved on it, in MiB; None where CUDA was not used."""
    if not torch.cuda.is_initialized():
        return None
    return {"device": torch.cuda.get_device_name(), "peak_memory_mib": torch.cuda.max_memory_reserved() // 2**20}
