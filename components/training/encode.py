"""The stage `encode`: what frozen networks make of the training data, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.runtime import Runtime
from components.training.latents import encode_images
from components.training.text_states import encode_texts


def encode(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write latents of the images of ``data`` where ``inputs`` has an ``autoencoder``, else the
    text states of its captions."""
    work = encode_images if "autoencoder" in inputs else encode_texts
    work(spec, inputs, out, runtime)
