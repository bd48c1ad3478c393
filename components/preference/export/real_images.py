"""Real images: what attention checks and `realism` show beside images that a model made."""

from dataclasses import replace
from pathlib import Path

from components.data.arrays import load_info, load_split
from components.files.samples import read_samples
from components.preference.export.material import Asked, Pictures
from components.preference.export.plain_folders import pictures_of_folder


def read_real(folder: Path) -> Pictures:
    """The real images in a folder: the holdout of prepared data, a folder of samples, or images.

    Raises:
        AlphabarError: there are none, or they are broken.
    """
    if (folder / "dataset.json").is_file():
        return holdout(folder)
    if (folder / "images.npy").is_file():
        samples = read_samples(folder)
        asked = tuple(Asked(r.label, r.caption, r.class_index, r.group) for r in samples.rows)
        return Pictures(asked, samples.images)
    pictures = pictures_of_folder(folder)
    # a file's name is no prompt: it would tell a check from a pair
    asked = tuple(replace(row, caption="") if row.named else row for row in pictures.asked)
    return replace(pictures, asked=asked)


def holdout(data: Path) -> Pictures:
    """The held-out images of prepared data, with their classes and first captions."""
    names, split = load_info(data).classes, load_split(data, "holdout", mapped=True)
    asked = tuple(
        Asked(names[k] if 0 <= k < len(names) else "", caption, k)
        for k, caption in zip(split.classes.tolist(), split.captions, strict=True)
    )
    return Pictures(asked, split.images)
