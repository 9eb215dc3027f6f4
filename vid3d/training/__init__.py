"""Training of the mini diffusion models: Stable Video Diffusion's architecture in small, on the procedural family.

Nothing else needs this package.  It has not been run in full yet, and no run samples from the folders that it writes.
"""
