"""Loading a pipeline in diffusers' format where a Spec wants it, with errors of one line that name its settings.

What a model's stage has in common with those of others is in its Spec: model, model_revision, processor, offload,
decode_chunk and size.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from vid3d.errors import InputError
from vid3d.study.specs.spec import Processor, VideoModel
from vid3d.weights.group_norms import attribute_known, restore_norms
from vid3d.weights.idle_blocks import skip_idle_blocks


def device_for(stage: str, processor: Processor) -> str:
    """``cuda`` or ``cpu``.

    Args:
        stage: what the study calls it.

    Raises:
        InputError: the Spec wants a GPU and there is none.
    """
    if processor == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if processor == "gpu":
        why = "torch finds no GPU here (`vid3d doctor` says more)"
        raise InputError(f"{stage}.processor: gpu, and {why}; {stage}: {{processor: cpu}} takes hours for a clip")
    return "cpu"


def load(kind: Any, stage: str, spec: VideoModel, dtype: torch.dtype, cure: str, variant: str | None = None) -> Any:
    """The pipeline of class ``kind`` from spec.model, in main memory; its group norms are what its folder asks for.

    Args:
        stage: what the study calls it.
        cure: what to give as spec.model where it cannot be loaded.
        variant: of the weights' files.

    Raises:
        InputError: the model cannot be found, downloaded or read.
    """
    if spec.model_revision is None and not Path(spec.model).is_dir():
        raise InputError(
            f"{stage}.model: {spec.model}: no such folder; fetch it with `snakemake {spec.model}/model_index.json`, or,"
            f" if it is a hub id, set {stage}.model_revision to the commit that you mean"
        )
    try:
        with attribute_known():
            pipeline = kind.from_pretrained(
                spec.model,
                revision=spec.model_revision,
                variant=variant,
                dtype=dtype,
                use_safetensors=True,  # never unpickle
            )
    except (OSError, ValueError, SafetensorError) as error:
        from_hub = spec.model_revision is not None and not Path(spec.model).exists()
        where = f" at revision {spec.model_revision}" if from_hub else ""
        # diffusers answers a hub's refusal by a longer error about its own cache
        cause = error.__cause__ or error
        reason = " ".join(str(cause).split())[:300].rstrip(":. ") or type(cause).__name__
        raise InputError(f"{stage}.model: {spec.model}{where} cannot be loaded ({reason}); {cure}") from None
    restore_norms(pipeline.unet)
    restore_norms(pipeline.vae)
    skip_idle_blocks(pipeline.vae)
    pipeline.set_progress_bar_config(disable=not sys.stderr.isatty())
    return pipeline


def place(pipeline: Any, offload: str, device: str) -> None:
    """Move a pipeline to the device, or let its parts wait in main memory until they are used."""
    if offload == "none":
        pipeline.to(device)
    elif offload == "model" or device == "cpu":  # accelerate moves single layers only away from main memory
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)


@contextmanager
def memory(stage: str, spec: VideoModel, count: str, together: int) -> Iterator[None]:
    """Too little GPU memory as one line that names the settings to lower.

    Args:
        count: the setting that says how many images there are, and its value.
        together: how many of them are decoded together.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise InputError(
            f"{stage}: out of GPU memory at {stage}.size {spec.size}, {stage}.{count}; set {stage}.offload to model or"
            f" sequential (now: {spec.offload}; same pixels), or lower {stage}.decode_chunk (now: {together}; other"
            " pixels)"
        ) from None
