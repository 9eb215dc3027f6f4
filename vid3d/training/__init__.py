"""Training of the mini diffusion models: Stable Video Diffusion's architecture in small, on the procedural family.

Nothing else needs this package: the workflow samples from the folders that it writes.
"""
