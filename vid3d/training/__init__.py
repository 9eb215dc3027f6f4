"""Training of the mini diffusion models: Stable Video Diffusion's architecture in small, on the procedural family.

Nothing else needs this package: the trained models are committed (``weights/mini-seed``, ``weights/mini-views``).
"""
