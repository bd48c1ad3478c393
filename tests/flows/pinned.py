"""Folders of images that are pinned, as `alphabar data add` leaves them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from components.data.listing import directory_hash
from components.files.tables import write_csv

PICTURES = 60


def write_pictures(folder: Path, rows: Sequence[dict[str, Any]] | None = None) -> None:
    """60 images of noise, 16 pixels wide.

    Args:
        rows: of metadata.csv, one an image; a caption of its own and one label where none is given.
    """
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for k in range(PICTURES):
        pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{k}.png")
    usual = [{"caption": f"picture {k}", "label": "a"} for k in range(PICTURES)]
    said = enumerate(rows or usual)
    write_csv(folder / "metadata.csv", [{"file_name": f"{k}.png"} | row for k, row in said])
    write_pin(folder)


def write_pin(folder: Path) -> None:
    """The .dvc file of what is in ``folder`` now."""
    pin = yaml.safe_dump({"outs": [{"md5": directory_hash(folder), "hash": "md5"}]})
    folder.with_suffix(".dvc").write_text(pin)
