"""The stage `encode`: what frozen networks make of the training data, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.runtime import Runtime
from components.training.latents import encode_images
from components.training.text_states import encode_texts


def encode(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write text states of the captions of ``data`` where ``spec`` says how they are read, by
    ``conditioning``; else latents of its images."""
    work = encode_texts if "conditioning" in spec else encode_images
    work(spec, inputs, out, runtime)
