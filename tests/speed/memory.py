"""How much memory the full-size diffusion models need at once, worked out from shapes; needs no GPU and no weights.

    python -m tests.speed.memory

The models run on tensors without contents ("fake"), and all that is alive at one time is added up.  What is missing is
what only a GPU knows: workspaces of its kernels (of convolutions over time above all), the rounding of sizes, and the
CUDA context, together some GiB.  Nothing here asserts anything.
"""

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

GIB = 2**30
LATENT = 512 // 8


class Peak(TorchDispatchMode):
    """Bytes that the results of operations hold, now and at most."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        tree_map_only(torch.Tensor, self._add, made)
        return made

    def _add(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata in self.known:
            return
        self.known.add(storage._cdata)
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._drop, storage._cdata, storage.nbytes())

    def _drop(self, storage: int, size: int) -> None:
        self.known.discard(storage)
        self.now -= size


def weights(model: torch.nn.Module) -> float:
    """GiB."""
    return sum(parameter.numel() * parameter.element_size() for parameter in model.parameters()) / GIB


def activations(call: Callable[[], object]) -> float:
    """GiB at most."""
    with Peak() as peak:
        call()
    return peak.most / GIB


def on_gpu(model: torch.nn.Module) -> Any:
    """The model with those parameters replaced that do not follow the default device."""
    for module in model.modules():
        for name, value in module.named_parameters(recurse=False):
            if value.device.type == "cpu":
                setattr(module, name, torch.nn.Parameter(torch.empty(value.shape)))
    return model.eval()


def report_unet(title: str, precision: torch.dtype, frames: int) -> None:
    """One step with guidance; single precision under half-precision autocast, as the views stage has it."""
    torch.set_default_dtype(precision)
    unet = on_gpu(UNetSpatioTemporalConditionModel())
    latents = torch.empty(2, frames, 8, LATENT, LATENT)
    image, ids = torch.empty(2, 1, 1024), torch.empty(2, 3)
    mixed = precision == torch.float32
    with torch.autocast("cuda", torch.float16) if mixed else nullcontext():
        used = activations(lambda: unet(latents, torch.tensor(1.0), image, ids, return_dict=False))
    print(f"{title:58} weights {weights(unet):5.2f}   activations {used:5.2f}")


def report_decoder(title: str, precision: torch.dtype, frames: int) -> None:
    """One chunk of the decoder."""
    torch.set_default_dtype(precision)
    channels = [128, 256, 512, 512]
    vae = on_gpu(
        AutoencoderKLTemporalDecoder(
            down_block_types=["DownEncoderBlock2D"] * 4, block_out_channels=channels, layers_per_block=2
        )
    )
    latents = torch.empty(frames, 4, LATENT, LATENT)
    used = activations(lambda: vae.decode(latents, num_frames=frames))
    print(f"{title:58} weights {weights(vae):5.2f}   activations {used:5.2f}")


def main() -> None:
    """Print GiB for the seed's and the views' models at 512 x 512."""
    with (
        FakeTensorMode(allow_non_fake_inputs=True),
        torch.device("cuda"),
        torch.no_grad(),
        patch("torch.cuda.amp.common.amp_definitely_not_available", return_value=False),
        # as a GPU's kernels compute it: the matrix of weights is never whole in memory
        patch("torch.nn.functional.scaled_dot_product_attention", lambda query, *_, **__: torch.empty_like(query)),
    ):
        report_unet("seed: UNet, 25 frames, fp16", torch.float16, 25)
        for frames in (8, 4, 2):
            report_decoder(f"seed: decoder, decode_chunk {frames}, fp16", torch.float16, frames)
        report_unet("views: UNet, 18 views, fp32 under autocast", torch.float32, 18)
        for frames in (18, 9, 6):
            report_decoder(f"views: decoder, decode_chunk {frames}, fp32", torch.float32, frames)


if __name__ == "__main__":
    main()
