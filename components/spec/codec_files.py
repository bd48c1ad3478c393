"""What the stage `autoencoder` leaves behind, by name."""

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
"""As diffusers reads them."""

JUDGEMENT, PICTURE = "judgement", "reconstructions.png"
"""Folder of the holdout's figures; its worst reconstructions below their originals."""
