"""Vid3D-Repro: the reproducibility study of "Vid3D: Synthesis of Dynamic 3D Scenes using 2D Video Diffusion".

The package is a set of pure stage functions behind one thin command (``vid3d``); the Snakemake workflow next to it
names the files.  See ``docs/decisions.md`` for the map of modules.
"""

# pyproject.toml reads it here; to ask for the installed package's takes an eighth of the start of a fit
__version__ = "0.1.0"
