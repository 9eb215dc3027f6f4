"""What a diffusers configuration cannot hold: how a model's group norms differ from those that diffusers builds."""

from typing import Any


def restore_norms(model: Any) -> None:
    """Set a loaded model's group norms as its configuration asks, in place.

    Reads ``channels_per_group`` (int) of ``model.config``; a model without it, such as every published one, stays as
    diffusers built it.
    """
    channels = model.config.get("channels_per_group")
    if channels is None:
        return
    for module in model.modules():
        if hasattr(module, "num_groups"):
            module.num_groups = max(1, module.num_channels // channels)
