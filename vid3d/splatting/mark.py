"""The mark of gsplat's compiled kernels: where they are, and what they were compiled for; read without torch."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version_tuple
from typing import Any

from vid3d.errors import InputError

Capability = tuple[int, int]  # a GPU's compute capability: (9, 0) of an H100
ANEW = "delete it and run the study again, which compiles the kernels anew"


@dataclass(frozen=True)
class Mark:
    """What stands in the mark.

    Attributes:
        library: the compiled kernels; in the mark's file, relative to its folder if they lie below it.
        versions: of gsplat, torch, torch's CUDA and Python: the library loads with no others.
        architectures: those that it has kernels for, as torch calls them: ``sm_90``, ``compute_90``.
        checked: how far images and gradients were from the C++ rasterizer's, and on which device; empty where no GPU
            was at hand, as in a container that is being built.
    """

    library: str
    versions: dict[str, str]
    architectures: list[str]
    checked: dict[str, Any]

    def contents(self, file: Path) -> dict[str, Any]:
        """What is written to ``file``."""
        library, folder = Path(self.library).resolve(), file.parent.resolve()
        near = str(library.relative_to(folder)) if library.is_relative_to(folder) else str(library)
        return asdict(self) | {"library": near}

    def problem(self, versions: dict[str, str], capabilities: Iterable[Capability]) -> str | None:
        """Why the kernels cannot be used with these versions on GPUs of these kinds, or None if they can be."""
        for name, here in versions.items():
            if self.versions.get(name) != here:
                return f"compiled for {name} {self.versions.get(name)}, and here is {here}"
        for capability in capabilities:
            if not runs_on(self.architectures, capability):
                others = "set TORCH_CUDA_ARCH_LIST to all kinds of GPUs that jobs meet"
                kind = "{}.{}".format(*capability)
                return f"compiled for {' '.join(self.architectures)}, and here is a GPU of {kind} ({others})"
        return None if Path(self.library).is_file() else f"there is no {self.library}"


def read(file: Path) -> Mark:
    """The mark in ``file``.

    Raises:
        InputError: there is none, or it is not one.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        mark = Mark(
            str(found["library"]), dict(found["versions"]), list(found["architectures"]), dict(found["checked"])
        )
    except FileNotFoundError:
        compiled = f"gsplat's kernels are not compiled: there is no {file}"
        raise InputError(f"{compiled}; run snakemake --cores 4 --resources gpu=1 -- {file}") from None
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{file}: is no mark of gsplat's compiled kernels; {ANEW}") from None
    return Mark(str(file.parent / mark.library), mark.versions, mark.architectures, mark.checked)


def versions(cuda: str | None) -> dict[str, str]:
    """What is here of that which a mark names.

    Args:
        cuda: the CUDA version that torch is built for.

    Raises:
        InputError: gsplat or torch is not installed.
    """
    try:
        found = {name: version(name) for name in ("gsplat", "torch")}
    except PackageNotFoundError as missing:
        raise InputError(f"{missing.name} is not installed; pip install 'vid3d[gpu]'") from None
    return found | {"CUDA": str(cuda), "Python": ".".join(python_version_tuple()[:2])}


def runs_on(architectures: Iterable[str], capability: Capability) -> bool:
    """Whether kernels for these architectures run on a GPU of that compute capability.

    ``sm_86`` runs on 8.6 and 8.9, ``compute_90`` on 9.0 and all later.
    """
    return any(
        made_for <= capability and (kind == "compute" or made_for[0] == capability[0])
        for kind, made_for in kernels(architectures)
    )


def kernels(architectures: Iterable[str]) -> list[tuple[str, Capability]]:
    """``sm`` or ``compute``, and the compute capability, of each architecture."""
    found = [re.fullmatch(r"(sm|compute)_(\d+)(\d)[a-z]?", name) for name in architectures]
    return [(match[1], (int(match[2]), int(match[3]))) for match in found if match]


def named(choice: str) -> list[str]:
    """The architectures that a value of ``TORCH_CUDA_ARCH_LIST``, such as ``8.6;9.0+PTX``, stands for.

    Raises:
        InputError: it names one otherwise than by its number.
    """
    found: list[str] = []
    for part in re.split(r"[;\s]+", choice.strip("; ")):
        number = re.fullmatch(r"(\d+)\.(\d)[af]?(\+PTX)?", part)
        if number is None:
            raise InputError(f"TORCH_CUDA_ARCH_LIST: {choice!r} is not of the form 8.6;9.0+PTX")
        found += [f"{kind}_{number[1]}{number[2]}" for kind in ("sm", "compute")[: 2 if number[3] else 1]]
    return found
