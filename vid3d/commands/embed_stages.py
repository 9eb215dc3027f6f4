from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import files, procedural
from vid3d.cameras import GENERATED_VIEWS
from vid3d.scene import Float32
from vid3d.stages import build
from vid3d.study.specs.score import EmbedSpec


def run(
    *,
    spec: EmbedSpec,
    reference: tuple[Path, Path, Path],
    motion: int,
    size: int,
    generated: int = GENERATED_VIEWS,
    seed: Sequence[Path],
    orbit: Sequence[Path],
    output: Path,
) -> None:
    """Embeddings of a clip's seed frames and generated views and, of a procedural object, of its truth.

    Args:
        spec: the embedder.
        reference: the reference image's three files.
        motion: the motion score that the clip was asked for.
        size: side of the true images in pixels.
        generated: views in each filmstrip.
        seed: the clip's frames.
        orbit: a filmstrip for each.
        output: NPZ to write.
    """
    image = files.load_reference(reference)
    frames = list(zip(seed, orbit, strict=True))
    embed = build(spec)

    def embedded(images: Float32) -> Float32:  # a call per moment, as when scores are made
        return np.asarray(embed(list(files.to_uint8(images))))

    arrays = {
        "seed": np.concatenate([embedded(files.load_image(frame)[0][None]) for frame, _ in frames]),
        "views": np.stack([embedded(files.load_filmstrip(strip, generated)) for _, strip in frames]),
    }
    if image.procedural is not None:
        truth = procedural.truth(image.procedural, len(frames), motion, size)
        arrays["truth"] = np.stack([embedded(moment) for moment in truth])
    item = {"image": image.name, "motion": motion}
    files.save_embeddings(output, files.Provenance("stages", spec.argument(), item), **arrays)
