"""A user's package with one plug-in of each topic, as installing it would lay it out."""

from collections.abc import Callable
from pathlib import Path

Install = Callable[..., None]
"""What the fixture `install` gives."""

ENTRY_POINTS = """\
[alphabar.schedules]
power = damped.records:power
[alphabar.solvers]
damped_euler = damped.records:damped_euler
[alphabar.conditioners]
first_letter = damped.records:first_letter
[alphabar.denoisers]
one_layer = damped.records:one_layer
[alphabar.metrics]
brightness_gap = damped.records:brightness_gap
[alphabar.sources]
squares = damped.records:squares
"""

RECORDS = """\
from pydantic import BaseModel, Field

from components.spec.catalogue.entries import (
    ConditionerEntry, DenoiserEntry, ScheduleEntry, SolverEntry, SourceEntry,
)
from components.spec.metric_family import MetricFamily
from components.spec.plugins import Plugin


class Power(BaseModel):
    exponent: float = Field(2.0, gt=0, le=10)


class Damping(BaseModel):
    damping: float = Field(0.9, gt=0, le=1)


class Scale(BaseModel):
    scale: float = Field(1.0, gt=0, le=10)


class Layer(BaseModel):
    kernel: int = Field(3, ge=1, le=9)


class Letters(BaseModel):
    letters: int = Field(26, ge=1, le=26)


power = Plugin(
    ScheduleEntry(
        "alphas_cumprod falls as a power", "a user", not_shifted="is not to be shifted"
    ),
    "damped.code:power", Power,
)
damped_euler = Plugin(
    SolverEntry("Euler, its noise damped", "a user", calls=lambda sampling: 2 * sampling["steps"]),
    "damped.code:damped_euler", Damping,
)
first_letter = Plugin(
    ConditionerEntry("the caption's last letter", "a user", ("dropout",), captions=True),
    "damped.code:first_letter", Letters,
)
one_layer = Plugin(DenoiserEntry("one convolution", "a user"), "damped.code:one_layer", Layer)
brightness_gap = Plugin(
    MetricFamily("gap", "lower", "gap of the features' means", "a user"),
    "damped.code:gap", Scale,
)
far = Plugin(
    MetricFamily(
        "far", "higher", "distance from the training images", "a user", needs=("training images",)
    ),
    "damped.code:far",
)
of_model, of_level, of_codec, of_scorer, of_classifier = (
    Plugin(MetricFamily("far", "higher", "far", "a user", judge=judge), "damped.code:far")
    for judge in ("model", "level", "codec", "scorer", "classifier")
)
squares = Plugin(SourceEntry("squares of growing size", "a user", styles=("white",)),
                 "damped.code:squares")
"""

CODE = """\
import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from components.data.metadata import Row, to_csv
from components.errors import AlphabarError
from components.evaluation.finding import Finding
from components.figures.statistics.per_image import mean_of_images
from components.networks.conditioners.conditioner import Prompt
from components.process.schedules.discrete import discrete


def power(steps, *, exponent):
    t = torch.arange(1, steps + 1, dtype=torch.float64) / (steps + 1)
    return discrete("power", 1 - t**exponent)


def damped_euler(denoise, x, times, *, noise, callback=None, damping):
    for i in range(times.steps):
        t = times.t[i].expand(len(x))
        denoise(x, t)
        x0, eps = denoise(x, t)
        x = float(times.alpha[i + 1]) * x0 + damping * float(times.sigma[i + 1]) * eps
        if callback:
            callback(i)
    return x


@dataclass
class LastLetter:
    n_classes: int
    width: int | None = None
    pooled: int | None = None
    readers: tuple = ()

    def encode(self, classes, captions):
        letters = [ord(caption[-1]) % self.n_classes for caption in captions]
        return {"class_labels": torch.tensor(letters, dtype=torch.int64)}

    def table(self, classes, captions):
        rows = self.encode(classes, captions)["class_labels"]
        return lambda index: {"class_labels": rows[index]}

    def null(self, count):
        return {"class_labels": torch.full((count,), self.n_classes)}

    def prompt(self, text):
        return Prompt(-1, "", text)

    def unprompted(self):
        return ["a", "b"]

    def release(self):
        pass

    def exported(self):
        raise AlphabarError("letters cannot be exported", "export another model")


def first_letter(given, *, letters):
    return LastLetter(letters)


class OneLayer(torch.nn.Module):
    def __init__(self, channels, classes, kernel):
        super().__init__()
        self.layer = torch.nn.Conv2d(channels, channels, kernel, padding="same")
        self.told = torch.nn.Embedding(classes + 1, channels)

    def forward(self, x, timestep, *, class_labels):
        return self.layer(x) + self.told(class_labels)[:, :, None, None]


def one_layer(shape, conditioner, *, seed, kernel):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return OneLayer(shape[0], conditioner.n_classes, kernel)


def gap(view, *, scale):
    centre = view.reference.values.mean(axis=0)
    apart = np.abs(view.generated.values - centre).mean(axis=1) * scale
    return Finding(mean_of_images(apart, view.confidence), "reference", len(view.reference.values))


def far(view):
    apart = np.abs(view.generated.values - view.training.values.mean(axis=0)).mean(axis=1)
    return Finding(mean_of_images(apart, view.confidence), "training", len(view.training.values))


def squares():
    rows = []
    for index in range(60):
        pixels = np.zeros((8, 8), np.uint8)
        pixels[: 1 + index % 8, : 1 + index % 7] = 200
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=0)
        path = f"white/{index:02d}.png"
        rows.append(Row(path, "even" if index % 2 else "odd", "a square", "white", f"{index:02d}"))
        yield path, buffer.getvalue()
    yield "metadata.csv", to_csv(rows)
"""


def write_package(
    folder: Path,
    *,
    name: str = "damped",
    version: str = "1.2",
    points: str = ENTRY_POINTS,
    records: str = "",
    code: str = "",
) -> Path:
    """Lay the package out in ``folder``, which then goes on the path.

    Args:
        records, code: further lines of those modules.
    """
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(points)
    room = folder / "damped"
    room.mkdir(exist_ok=True)
    (room / "__init__.py").touch()
    (room / "records.py").write_text(RECORDS + records)
    (room / "code.py").write_text(CODE + code)
    return folder
