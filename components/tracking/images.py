"""Pictures in MLflow's image grid: one key a prompt, one picture a key and step."""

import math
import re
import unicodedata
from pathlib import Path

import numpy as np
from mlflow import MlflowClient
from numpy.typing import NDArray
from PIL import Image

SMALLEST_SIDE = 128
"""Pixels; smaller pictures are enlarged without smoothing, so that pixels stay pixels."""

_THUMBNAIL = re.compile(
    r"images/(?P<key>.+)\+step\+(?P<step>\d+)\+timestamp\+.*\+compressed\.webp$"
)


def logged_images(client: MlflowClient, run_id: str) -> set[tuple[str, int]]:
    """The (key, step) of the pictures that ``run_id`` already has, thumbnail included."""
    found = (_THUMBNAIL.fullmatch(file.path) for file in client.list_artifacts(run_id, "images"))
    return {(match["key"], int(match["step"])) for match in found if match}


def log_image(client: MlflowClient, run_id: str, image: Image.Image, key: str, step: int) -> None:
    """Log ``image``, enlarged to at least 128 px, under ``key`` at ``step``."""
    client.log_image(run_id, enlarged(image), key=key, step=step, synchronous=True)


def enlarged(image: Image.Image) -> Image.Image:
    """``image`` times the smallest whole number that brings its shorter side to 128 px."""
    factor = math.ceil(SMALLEST_SIDE / min(image.size))
    if factor <= 1:
        return image
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def from_array(pixels: NDArray[np.uint8]) -> Image.Image:
    """(height, width, channel) with 1 or 3 channels, as a picture."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def open_whole(path: Path) -> Image.Image | None:
    """The picture at ``path``; None while it is being written."""
    try:
        with Image.open(path) as image:
            image.load()
            return image.convert("RGB")
    except OSError:
        return None


def slugs(prompts: list[str]) -> list[str]:
    """A key for each prompt: ASCII, lower case, at most 60 characters, no two alike."""
    taken: set[str] = set()
    result = []
    for prompt in prompts:
        ascii_text = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode()
        base = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:60] or "prompt"
        slug, number = base, 2
        while slug in taken:
            slug, number = f"{base}-{number}", number + 1
        taken.add(slug)
        result.append(slug)
    return result
