"""Which row of the material, and which real image, each pair of a study shows."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from components.data.grids import as_image
from components.errors import AlphabarError
from components.files.samples import spread
from components.preference.design.design import Design
from components.preference.design.size import NOISE, REAL
from components.preference.export.material import Asked, Material, Pictures, Pixels

STAND_INS = (
    "attention checks show generated images in the place of real ones, as none were given; beside "
    "noise the answer is plain all the same"
)


@dataclass(frozen=True)
class Place:
    """Where an image is.

    Attributes:
        of: a model, `REAL` or `NOISE`.
        row: there; of noise its number.
    """

    of: str
    row: int


@dataclass(frozen=True)
class Drawn:
    """What a study shows.

    Attributes:
        asked: pair → what its images show; attention checks behind the study's pairs.
        places: pair → a model, `REAL` or `NOISE` → where its image is.
        notes: what is to be said of it.
    """

    asked: Mapping[int, Asked]
    places: Mapping[int, Mapping[str, Place]]
    notes: tuple[str, ...]


def drawn(design: Design, material: Material, real: Pictures | None, secret: bytes) -> Drawn:
    """Rows for all pairs: of one class as many as of another, within one, as far as that goes.

    Args:
        real: real images; None where there are none.
        secret: what all that is drawn follows from, with the design.

    Raises:
        AlphabarError: there are too few rows or real images.
    """
    size, rng = design.size, _rng(secret, "rows")
    shown: dict[int, set[str]] = {}
    for row in design.rows:
        shown.setdefault(row.pair, set()).update(filter(None, (row.left, row.right)))
    made = [pair for pair in range(size.pairs) if REAL not in shown[pair]]
    taken = [pair for pair in range(size.pairs) if REAL in shown[pair]]
    rows = _chosen(material.asked, len(made), "pairs of samples", rng)
    asked = {pair: material.asked[row] for pair, row in zip(made, rows, strict=True)}
    places = {
        pair: {model: Place(model, row) for model in size.models if model in shown[pair]}
        for pair, row in zip(made, rows, strict=True)
    }
    reals: list[int] = []
    if taken:
        reals = _chosen(_needed(real).asked, len(taken), "real images", rng)
        asked |= {pair: _needed(real).asked[k] for pair, k in zip(taken, reals, strict=True)}
        places |= {pair: {REAL: Place(REAL, k)} for pair, k in zip(taken, reals, strict=True)}
    free = [Place(REAL, k) for k in range(len(real.asked)) if k not in set(reals)] if real else []
    spare = [row for row in range(len(material.asked)) if row not in set(rows)] or rows
    if not free:
        free = [Place(size.models[k % len(size.models)], row) for k, row in enumerate(spare)]
    order = [free[k] for k in rng.permutation(len(free))]
    for check in range(size.checks):
        pair, plain = size.pairs + check, order[check % len(order)]
        places[pair] = {NOISE: Place(NOISE, check)}
        if size.kind == "pairwise":
            places[pair][REAL] = plain
        own = real.asked if real and plain.of == REAL else material.asked
        # without words of its own a check has those of a pair, as every item has some
        said = own[plain.row].prompt
        asked[pair] = own[plain.row] if said else material.asked[rows[check % len(rows)]]
    pairwise = size.kind == "pairwise"
    return Drawn(asked, places, (STAND_INS,) if pairwise and order[0].of != REAL else ())


@dataclass(frozen=True)
class Looked:
    """The images of what was drawn.

    Attributes:
        whole: that it was drawn from.
    """

    drawn: Drawn
    material: Material
    real: Pictures | None
    secret: bytes

    @property
    def channels(self) -> int:
        """Of all files of the study: 3 where any image has as many, so that no model is told by
        how its files are stored."""
        rows = [*self.material.images.values(), *([self.real.images] if self.real else [])]
        return max(int(images[0].shape[2]) for images in rows if len(images))

    def of_pair(self, pair: int) -> dict[str, Pixels]:
        """A model, `REAL` or `NOISE` → its image in a pair.

        Noise, and what stands beside it, is as large as the images of the first pair.

        Raises:
            AlphabarError: those of a pair are of unlike sizes.
        """
        places = self.drawn.places[pair]
        if NOISE not in places:
            images = {name: self._at(place) for name, place in places.items()}
            _refuse_unlike(images, self.drawn.asked[pair])
            return images
        height, width = next(iter(self.of_pair(0).values())).shape[:2]
        images = {}
        for name, place in places.items():
            if place.of == NOISE:
                rng = _rng(self.secret, f"noise {place.row}")
                noise = rng.integers(0, 256, (height, width, self.channels), np.uint8)
                images[name] = noise
            else:
                images[name] = _stretched(self._at(place), height, width)
        return images

    def _at(self, place: Place) -> Pixels:
        of_real = place.of == REAL
        images = _needed(self.real).images if of_real else self.material.images[place.of]
        found: Pixels = images[place.row]
        return found


def _chosen(asked: Sequence[Asked], count: int, what: str, rng: np.random.Generator) -> list[int]:
    if count > len(asked):
        raise AlphabarError(
            f"the study asks for {count} {what}, and there are {len(asked)}",
            "ask for fewer pairs (`study.pairs`, --pairs), or give more images: samples are as "
            "many as `evaluation.samples` says",
        )
    return spread(asked, count, [int(k) for k in rng.permutation(len(asked))])


def _needed(real: Pictures | None) -> Pictures:
    if real is None or not len(real.images):
        raise AlphabarError(
            "a study of the kind realism shows real images, and there are none",
            "give some: `--real FOLDER`, or `--real holdout` for those of the baseline's data",
        )
    return real


def _refuse_unlike(images: Mapping[str, Pixels], asked: Asked) -> None:
    sizes = {name: f"{image.shape[1]} x {image.shape[0]}" for name, image in images.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise AlphabarError(
            f"images of unlike sizes would stand side by side for {asked.prompt!r}: {told} pixels",
            "give --size PX, which brings all images to one size by one filter",
        )


def _stretched(image: Pixels, height: int, width: int) -> Pixels:
    if image.shape[:2] == (height, width):
        return image
    made = as_image(image).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(made, np.uint8).reshape(height, width, image.shape[2])


def _rng(secret: bytes, what: str) -> np.random.Generator:
    digest = hmac.new(secret, what.encode(), hashlib.sha256).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
