"""Which of a processor's instructions numeric libraries may use, so that numbers do not depend on the processor.

Each library picks its kernels by what the processor has, and kernels sum in orders of their own.  Their choice is taken
from them by environment variables, all of them together: any one that is left out lets numbers differ again
(https://github.com/Deep-MI/FastSurfer/issues/892 found it for torch's three; the others are those of numpy, scipy and
OpenCV).  They are read when a library is loaded, and so have to be set before any is imported.
"""

from collections.abc import MutableMapping
from pathlib import Path

from vid3d.errors import InputError

SETTING = "VID3D_INSTRUCTIONS"  # pinned, the default, or native: every library's own choice
CHOICES = ("pinned", "native")
NEEDED = {"avx2", "fma"}  # what processors have had since about 2015; without them libraries choose, as on Arm

PINNED = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # torch's convolutions
    "MKL_CBWR": "COMPATIBLE",  # torch's products of matrices; its other values are one maker's processors' alone
    "OPENBLAS_CORETYPE": "Haswell",  # those of numpy and scipy
    "OPENCV_IPP": "avx2",
}
AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
WITHOUT_AVX512 = {  # only where there is one: OpenCV complains of what cannot be taken away
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX X86_V4 AVX512_ICL AVX512_SPR",  # by the names of all versions
    "OPENCV_CPU_DISABLE": "AVX512-SKX",
}
VARIABLES = (SETTING, *PINNED, *WITHOUT_AVX512)


def pin(environment: MutableMapping[str, str], cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Set in ``environment`` what libraries choose by; what it has already is kept.

    Args:
        environment: of the process, before numpy, torch or OpenCV is imported.
        cpuinfo: where the system tells the processor's flags; where it does not, nothing is set.

    Raises:
        InputError: ``VID3D_INSTRUCTIONS`` is neither ``pinned`` nor ``native``.
    """
    choice = environment.get(SETTING) or CHOICES[0]
    if choice not in CHOICES:
        raise InputError(f"{SETTING}={choice}: is unknown; set it to {' or '.join(CHOICES)}, or leave it out")
    has = flags(cpuinfo)
    if choice == "pinned" and has >= NEEDED:
        for name, value in (PINNED | (WITHOUT_AVX512 if has >= AVX512 else {})).items():
            environment.setdefault(name, value)


def flags(cpuinfo: Path) -> set[str]:
    """The instructions that the processor has, as Linux names them on x86-64."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
