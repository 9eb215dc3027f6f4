"""Vid3D-Repro: the reproducibility study of "Vid3D: Synthesis of Dynamic 3D Scenes using 2D Video Diffusion".

The package is a set of pure stage functions behind one thin command (``vid3d``); the Snakemake workflow next to it
names the files.  See ``docs/decisions.md`` for the map of modules.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("vid3d")
except PackageNotFoundError:  # imported from a bare checkout, for instance by the Snakefile before installation
    __version__ = "0+uninstalled"
