"""What a registered model's directory holds beside its model.safetensors."""

GUIDE = "guide"
"""Folder: the weaker model of autoguidance, where the model was registered with one."""

SAMPLING = "sampling.json"
"""File: the sampling section that the model's figures were measured with."""
