"""Pictures in MLflow's image grid: one key a prompt, one picture a key and step."""

import hashlib
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

SAMPLES, GRID = "samples", "grid"
"""Keys of contact sheets: of a training's samples, and of a cell's."""

LONGEST_SLUG, LETTERS_OF_DIGEST = 60, 6

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
    """A key for each prompt: ASCII, lower case, no two alike, none that of a sheet.

    A prompt's key is the same whatever prompts stand beside it, so that runs share it, unless
    another one before it differs by accents, case and signs alone and takes it.
    """
    taken = {SAMPLES, GRID}
    result = []
    for prompt in prompts:
        base = _slug(prompt)
        slug, number = base, 2
        while slug in taken:
            slug, number = f"{base}-{number}", number + 1
        taken.add(slug)
        result.append(slug)
    return result


def _slug(prompt: str) -> str:
    """At most 60 characters; of a prompt that loses letters by that, a digest goes behind them."""
    letters = unicodedata.normalize("NFKD", prompt)
    ascii_text = letters.encode("ascii", "ignore").decode().lower()
    whole = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")
    lost = any(letter.isalnum() and not letter.isascii() for letter in letters)
    if whole and not lost and len(whole) <= LONGEST_SLUG:
        return whole
    end = hashlib.sha256(prompt.encode()).hexdigest()[:LETTERS_OF_DIGEST]
    return f"{whole[: LONGEST_SLUG - len(end) - 1].strip('-') or 'prompt'}-{end}"
