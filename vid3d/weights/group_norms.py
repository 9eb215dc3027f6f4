"""What a diffusers configuration cannot hold: how a model's group norms differ from those that diffusers builds."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OURS_ALONE = re.compile(r"config attributes \{'channels_per_group': \d+\} were passed")


@contextmanager
def attribute_known() -> Iterator[None]:
    """Keep diffusers from warning that ``channels_per_group`` is ignored while it loads: ``restore_norms`` applies it.

    What it says of any other attribute is still said.
    """
    logger = logging.getLogger("diffusers.configuration_utils")

    def true(message: logging.LogRecord) -> bool:
        return OURS_ALONE.search(message.getMessage()) is None

    logger.addFilter(true)
    try:
        yield
    finally:
        logger.removeFilter(true)


def restore_norms(model: Any) -> None:
    """Set a loaded model's group norms as its configuration asks, in place.

    Reads ``channels_per_group`` (int) of ``model.config``; a model without it, such as every published one, stays as
    diffusers built it.
    """
    channels = getattr(model.config, "channels_per_group", None)
    if channels is None:
        return
    for module in model.modules():
        if hasattr(module, "num_groups"):
            module.num_groups = max(1, module.num_channels // channels)
