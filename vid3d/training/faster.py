"""The same models, faster: exact replacements of layers (to rounding), bfloat16 and compilation.

On short sequences torch's attention spends more in its backward pass than in the products themselves, and 3 x 1 x 1
convolutions over time run several times faster as two-dimensional ones.
"""

import shutil
from typing import Any

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import Tensor, nn
from torch.nn import functional

from vid3d.training.schedule import Schedule
from vid3d.weights.idle_blocks import skip_idle_blocks

COMPILED = ("ResnetBlock2D", "TemporalResnetBlock", "BasicTransformerBlock", "TemporalBasicTransformerBlock")
# Compiling takes some minutes, of which later trainings find most in a cache, and makes a step a fifth cheaper.
WORTH_COMPILING = 1000  # steps
WORTH_COMPILING_IN = 40.0  # minutes


class PlainAttention:
    """Attention processor of diffusers by explicit products; over a single key, attention is the value itself."""

    def __call__(
        self, attention: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: Any
    ) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        batch, length, _width = hidden_states.shape
        value = attention.to_v(context)
        if context.shape[1] == 1:
            out = attention.to_out[0](value).expand(batch, length, -1)
            return out / attention.rescale_output_factor

        def heads(projected: Tensor) -> Tensor:
            split = projected.view(batch, -1, attention.heads, projected.shape[-1] // attention.heads)
            return split.transpose(1, 2).flatten(0, 1)

        query, key = heads(attention.to_q(hidden_states)), heads(attention.to_k(context))
        weights = torch.bmm(query * query.shape[-1] ** -0.5, key.transpose(1, 2)).softmax(-1)
        mixed = torch.bmm(weights.to(value.dtype), heads(value))
        joined = mixed.view(batch, attention.heads, length, -1).transpose(1, 2).flatten(2)
        return attention.to_out[0](joined) / attention.rescale_output_factor


class _ConvolutionOverTime(nn.Conv3d):
    """A 3 x 1 x 1 convolution of (batch, channels, frames, h, w) as a 3 x 1 one of (frames, h * w)."""

    def forward(self, values: Tensor) -> Tensor:
        batch, channels, frames, height, width = values.shape
        flat = values.reshape(batch, channels, frames, height * width)
        return functional.conv2d(flat, self.weight[..., 0], self.bias, padding=(1, 0)).reshape(
            batch, -1, frames, height, width
        )


def hasten(model: Any) -> Any:
    """Replace the layers of a UNet or an autoencoder in place, leaving its parameters and their names as they are."""
    if isinstance(model, UNetSpatioTemporalConditionModel):  # attention of autoencoders runs over pixels, once
        model.set_attn_processor(PlainAttention())  # type: ignore[attr-defined]
    skip_idle_blocks(model)
    for module in model.modules():
        if type(module) is nn.Conv3d and module.kernel_size == (3, 1, 1) and module.padding == (1, 0, 0):
            module.__class__ = _ConvolutionOverTime
    return model


def compile_blocks(model: Any, schedule: Schedule, budget: float | None) -> Any:
    """Compile a model's blocks in place, each when it first runs, if the training is long and there is a compiler."""
    long = schedule.steps >= WORTH_COMPILING and (budget is None or budget >= WORTH_COMPILING_IN)
    if long and shutil.which("gcc") is not None:
        torch._dynamo.config.cache_size_limit = 64  # blocks of many shapes share their code
        for module in model.modules():
            if type(module).__name__ in COMPILED:
                module.compile(dynamic=False)
    return model


def processor() -> torch.device:
    """Where to train: a GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_threads(count: int) -> None:
    """Let torch use so many threads of the processor."""
    torch.set_num_threads(count)


def reduced_precision(device: torch.device) -> torch.autocast:
    """A context in which ``device`` computes in bfloat16 where it does so natively, and else as always."""
    native = torch.cuda.is_bf16_supported() if device.type == "cuda" else _bfloat16_on_cpu()
    return torch.autocast(device.type, torch.bfloat16, enabled=native)


def _bfloat16_on_cpu() -> bool:
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
