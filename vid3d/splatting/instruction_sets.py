"""Choosing the build of the C++ core that the machine can run."""

from importlib import import_module
from typing import Any, Literal

from vid3d.errors import InputError

InstructionSet = Literal["auto", "avx2", "portable"]


def resolve(instruction_set: InstructionSet = "auto") -> Literal["avx2", "portable"]:
    """The instruction set that ``instruction_set`` stands for on this machine.

    ``avx2`` means AVX2 with FMA, 8 floats at a time; ``portable`` is whatever the platform guarantees (SSE2, NEON),
    4 floats at a time.  Results are reproducible bit for bit within one instruction set, not between two.

    Raises:
        InputError: this machine, or this build, lacks what is asked for.
    """
    if instruction_set not in ("auto", "avx2", "portable"):
        raise InputError(f"instruction_set {instruction_set!r} is unknown: choose auto, avx2 or portable")
    if instruction_set == "portable":
        return "portable"
    if import_module("vid3d.splatting._portable").supports_avx2():
        return "avx2"
    if instruction_set == "avx2":
        raise InputError("instruction_set avx2 is not available on this machine: choose auto or portable")
    return "portable"


def load(instruction_set: InstructionSet) -> Any:
    """The extension module (``core/module.cpp``) for ``instruction_set``."""
    return import_module(f"vid3d.splatting._{resolve(instruction_set)}")
