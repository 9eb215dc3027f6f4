"""A checkpoint of the Stable Video Diffusion family in its authors' layout ("sgm") to a folder that diffusers loads.

V3D is published in that layout only.  As in the released code its UNet and the *decoder* come from V3D's checkpoint,
while the image encoder (CLIP) and the *encoder* of the condition image come from SVD-XT's.  A checkpoint that holds
everything itself (SVD, SV3D) needs no second file; then the condition is encoded by the encoder that its own
conditioner holds.

Every weight is accounted for: one that the model wants and the checkpoint lacks, one of another shape, and one that is
left over are errors that name it.  Values are not changed; attention that sgm writes as a 1 x 1 convolution becomes the
equal linear layer, and where sgm has no ``quant_conv`` diffusers' becomes the identity.

What a diffusers folder cannot hold: sgm's residual blocks normalise with epsilon 1e-5, where diffusers has 1e-6 in
blocks with attention.  That is the views stage's setting ``group_norm_epsilon`` and applied when the folder is loaded.

Files are mapped, not read: no second copy of the weights is in memory.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from vid3d.errors import InputError, first_line
from vid3d.weights.sgm_names import image_encoder_name, unet_name, vae_name

Weights = dict[str, torch.Tensor]

UNET = "model.diffusion_model."
VAE = "first_stage_model."
CLIP = "conditioner.embedders.0.open_clip.model."
# what the image encoder's file holds of CLIP's text half
TEXT = rf"{CLIP}(ln_final\.\w+|logit_scale|positional_embedding|text_projection|token_embedding\.weight)"
CONDITION_ENCODER = re.compile(r"conditioner\.embedders\.\d+\.encoder\.")

# V3D's; the rest are the defaults of diffusers' classes, which are SVD-XT's
CONFIGURATION: dict[str, dict[str, Any]] = {
    "unet": {"sample_size": 64, "num_frames": 18},
    "vae": {
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "block_out_channels": [128, 256, 512, 512],
        "layers_per_block": 2,
        "sample_size": 512,
    },
    "image_encoder": {  # ViT-H/14
        "hidden_size": 1280,
        "intermediate_size": 5120,
        "projection_dim": 1024,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "patch_size": 14,
        "hidden_act": "gelu",
    },
    "scheduler": {  # Karras et al. 2022, sigmas from .002 to 700; "leading" makes the first latent as large as sgm's
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "prediction_type": "v_prediction",
        "use_karras_sigmas": True,
        "sigma_min": 0.002,
        "sigma_max": 700.0,
        "timestep_type": "continuous",
        "timestep_spacing": "leading",
        "steps_offset": 1,
    },
}


class Checkpoint:
    """Named weights of one file, which remembers what became of each.

    Attributes:
        path: the file, for messages.
        tensors: its weights.
        used: the names that were taken.
        left: names that are known and not needed, with the reason.
    """

    def __init__(self, path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
        self.path, self.tensors = path, tensors
        self.used: set[str] = set()
        self.left: dict[str, str] = {}

    def holds(self, prefix: str) -> bool:
        """Whether any weight's name begins so."""
        return any(name.startswith(prefix) for name in self.tensors)

    def take(self, wanted: Mapping[str, str], shapes: Mapping[str, torch.Tensor]) -> Weights:
        """Weights by the model's names.

        Args:
            wanted: the model's name -> the name here.
            shapes: the model's name -> a tensor of the shape that it wants.

        Raises:
            InputError: one is missing or has another shape.
        """
        missing = [name for name in wanted.values() if name not in self.tensors]
        if missing:
            raise InputError(f"{self.path}: lacks {_listed(missing)}; is it whole, and of the model's size (--config)?")
        self.used |= set(wanted.values())
        return {name: self._fitted(source, name, shapes[name].shape) for name, source in wanted.items()}

    def _fitted(self, source: str, name: str, shape: torch.Size) -> torch.Tensor:
        tensor = self.tensors[source]
        if third := re.search(r"self_attn\.([qkv])_proj\.", name):
            tensor = tensor.chunk(3)["qkv".index(third[1])].clone()
        elif name == "visual_projection.weight":
            tensor = tensor.T
        elif tensor.shape == (*shape, 1, 1):
            tensor = tensor[..., 0, 0]
        if tensor.shape != shape:
            found, expected = (" x ".join(map(str, s)) or "a number" for s in (tensor.shape, shape))
            raise InputError(
                f"{self.path}: {source} is {found}, where the model has {expected};"
                " a model of another size than V3D's needs its configuration (--config)"
            )
        return tensor.contiguous()

    def leave(self, pattern: str, reason: str) -> None:
        """Accept that weights of this name (a regular expression for the whole of it) are not used."""
        self.left |= {name: reason for name in self.tensors if name not in self.used and re.fullmatch(pattern, name)}

    def account(self) -> dict[str, Any]:
        """How many weights were used, and how many left for which reason.

        Raises:
            InputError: a weight is neither used nor left.
        """
        unused = [name for name in self.tensors if name not in self.used | set(self.left)]
        if unused:
            raise InputError(f"{self.path}: holds {_listed(unused)}, unused by the model; is it another one?")
        reasons = list(self.left.values())
        counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
        return {"file": self.path.name, "weights": len(self.tensors), "used": len(self.used), "left": counts}


def _listed(names: list[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def read(path: Path) -> Checkpoint:
    """The weights of a ``.safetensors`` or a pickled checkpoint; no code in the latter is ever run.

    Raises:
        InputError: no such file, damaged, not weights only, or another layout.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; fetch the published checkpoint")
    tensors: Any
    try:
        if path.suffix == ".safetensors":
            tensors = load_file(path)
        else:
            with path.open("rb") as stream:
                mapped = stream.read(2) == b"PK"  # older checkpoints are no archives and can only be read
            tensors = torch.load(path, map_location="cpu", mmap=mapped, weights_only=True)
    except UnpicklingError as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        reason = f"{code[1]}, which unpickling would run" if code else "or is damaged"
        raise InputError(
            f"{path}: holds something else than weights ({reason}) and was not opened;"
            " fetch the published file again and compare its sha256"
        ) from None
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise InputError(f"{path}: damaged or incomplete ({first_line(error)}); fetch it again") from None
    if isinstance(tensors, dict) and isinstance(tensors.get("state_dict"), dict):
        tensors = tensors["state_dict"]
    if not isinstance(tensors, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in tensors.values()):
        raise InputError(f'{path}: is no table of weights, nor has it one as ["state_dict"]; give the published file')
    return Checkpoint(path, tensors)


def unet_names(unet: Any) -> dict[str, str]:
    """Diffusers' name -> the checkpoint's, of every weight of a UNetSpatioTemporalConditionModel."""
    names = unet.state_dict()
    return {name: UNET + unet_name(name, unet.config.layers_per_block, names) for name in names}


def vae_names(vae: Any, encoder: str = VAE) -> dict[str, str]:
    """Diffusers' name -> the checkpoint's, of every weight of an AutoencoderKLTemporalDecoder or AutoencoderKL.

    Args:
        vae: the model.
        encoder: below which ``encoder.*`` and ``quant_conv.*`` stand; the decoder's is ``first_stage_model.``.
    """
    prefix = {"encoder": encoder, "quant_conv": encoder, "decoder": VAE}
    levels = len(vae.config.block_out_channels)
    return {name: prefix[name.split(".")[0]] + vae_name(name, levels) for name in vae.state_dict()}


def image_encoder_names(model: Any) -> dict[str, str]:
    """Transformers' name -> the checkpoint's, of every weight of a CLIPVisionModelWithProjection."""
    return {name: f"{CLIP}visual.{image_encoder_name(name)}" for name in model.state_dict()}


def _vae_weights(vae: Any, main: Checkpoint, encoder: Checkpoint, prefix: str) -> Weights:
    """Decoder and encoder from where they stand, and the identity where there is no ``quant_conv``."""
    wanted, weights = vae.state_dict(), {}
    if not encoder.holds(f"{prefix}quant_conv."):
        channels = len(wanted.pop("quant_conv.bias"))
        del wanted["quant_conv.weight"]
        weights["quant_conv.weight"] = torch.eye(channels)[..., None, None].contiguous()
        weights["quant_conv.bias"] = torch.zeros(channels)
    names = {name: source for name, source in vae_names(vae, prefix).items() if name in wanted}
    for source, decodes in ((main, True), (encoder, False)):
        own = {name: there for name, there in names.items() if name.startswith("decoder.") == decodes}
        weights |= source.take(own, wanted)
    return weights


def models(checkpoint: Checkpoint, configuration: Mapping[str, Mapping[str, Any]]) -> Any:
    """The StableVideoDiffusionPipeline, its models knowing their shapes and holding no weights (device "meta").

    Args:
        checkpoint: says how many numbers condition the UNet and whether its decoder sees time.
        configuration: arguments of the classes by part (unet, vae, image_encoder, scheduler), laid over V3D's.

    Raises:
        InputError: a part or an argument that there is not.
    """
    if not isinstance(configuration, Mapping) or not all(isinstance(part, Mapping) for part in configuration.values()):
        raise InputError("--config: must hold a mapping of arguments for each part")
    unknown = set(configuration) - set(CONFIGURATION)
    if unknown:
        raise InputError(f"--config: there is no part {sorted(unknown)[0]!r}; the parts are {', '.join(CONFIGURATION)}")
    parts = {part: defaults | dict(configuration.get(part, {})) for part, defaults in CONFIGURATION.items()}
    label = checkpoint.tensors.get(f"{UNET}label_emb.0.0.weight")
    if label is not None:
        parts["unet"].setdefault("projection_class_embeddings_input_dim", label.shape[-1])
    temporal = f"{VAE}decoder.conv_out.time_mix_conv.weight" in checkpoint.tensors
    try:
        with torch.device("meta"):
            unet = UNetSpatioTemporalConditionModel(**parts["unet"])
            image_encoder = CLIPVisionModelWithProjection(CLIPVisionConfig(**parts["image_encoder"]))
            vae: Any
            if temporal:
                vae = AutoencoderKLTemporalDecoder(**parts["vae"])
            else:
                blocks = ["UpDecoderBlock2D"] * len(parts["vae"]["down_block_types"])
                vae = AutoencoderKL(**parts["vae"], up_block_types=blocks, use_post_quant_conv=False)
        scheduler = EulerDiscreteScheduler(**parts["scheduler"])
    except (TypeError, ValueError) as error:
        raise InputError(f"--config: {' '.join(str(error).split())}; give arguments of diffusers' classes") from None
    return StableVideoDiffusionPipeline(vae, image_encoder, unet, scheduler, CLIPImageProcessor())


def convert(
    checkpoint: Path, svd: Path | None, folder: Path, configuration: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Write the pipeline into an existing folder.

    Args:
        checkpoint: V3D's, or another one of the family; pickled or safetensors.
        svd: the file whose image encoder and, if it has one, autoencoder's encoder are used; None for ``checkpoint``.
        folder: gets model_index.json and one folder per part, weights as safetensors in the checkpoint's precision.
        configuration: of a model that is not of V3D's size: arguments of diffusers' classes by part.

    Returns:
        What became of the weights of each file.

    Raises:
        InputError: a file cannot be read, or a weight is missing, unused or of another shape.
    """
    main = read(checkpoint)
    other = main if svd is None else read(svd)
    for source, prefix in ((main, UNET), (main, VAE), (other, CLIP)):
        if not source.holds(prefix):
            raise InputError(
                f"{source.path}: is not in the authors' (sgm) layout: no weight's name begins with {prefix};"
                " give the checkpoint as it is published"
            )
    pipeline = models(main, configuration)
    encoder, prefix = _encoder(main, other)
    weights = {
        "unet": main.take(unet_names(pipeline.unet), pipeline.unet.state_dict()),
        "vae": _vae_weights(pipeline.vae, main, encoder, prefix),
        "image_encoder": other.take(image_encoder_names(pipeline.image_encoder), pipeline.image_encoder.state_dict()),
    }
    other.leave(TEXT, "CLIP's text half")
    if other is not main:
        other.leave(rf"{UNET}.+", "the first file's UNet is used")
        other.leave(rf"{VAE}decoder\..+", "the first file's decoder is used")
        other.leave(r"conditioner\.embedders\.[1-9]\d*\..+", "SVD's conditioning")
    if prefix != VAE:
        main.leave(rf"{re.escape(prefix)}(decoder|post_quant_conv)\..+", "the conditioning only encodes")
    if (encoder, prefix) != (main, VAE):
        main.leave(rf"{VAE}encoder\..+", f"the encoder of {encoder.path.name}, {prefix}* is used")
    accounts = [source.account() for source in ([main] if other is main else [main, other])]

    _save(pipeline, weights, folder)
    return {"sources": accounts, "encoder": f"{encoder.path.name}: {prefix}encoder.*"}


def _encoder(main: Checkpoint, other: Checkpoint) -> tuple[Checkpoint, str]:
    """The file and the prefix of the encoder that makes the condition latent."""
    if other is main:
        for name in main.tensors:
            if found := CONDITION_ENCODER.match(name):
                return main, found[0]
        return main, VAE
    return (other if other.holds(VAE) else main), VAE


def _save(pipeline: Any, weights: Mapping[str, Weights], folder: Path) -> None:
    for part in ("unet", "vae"):
        getattr(pipeline, part).save_config(folder / part)
        save_file(weights[part], folder / part / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
    pipeline.image_encoder.config.save_pretrained(folder / "image_encoder")
    save_file(weights["image_encoder"], folder / "image_encoder" / "model.safetensors", metadata={"format": "pt"})
    pipeline.scheduler.save_pretrained(folder / "scheduler")
    pipeline.feature_extractor.save_pretrained(folder / "feature_extractor")
    pipeline.save_config(folder)
