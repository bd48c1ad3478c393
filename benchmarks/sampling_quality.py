"""How few evaluations give guided DDIM's Fréchet distance: by solver and guidance interval.

A class-conditional model of the digits, of experiments/digits.yaml's settings, draws the same
seeds both ways; the distance is EfficientNet-Lite0's at 64 px to all held-out images, its
difference paired seed by seed (`components.figures.statistics.paired`).
"""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from benchmarks.timing import keep
from components.data.arrays import load_split
from components.data.fetch import fetch
from components.data.prepare import prepare
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.metrics.frechet import frechet_measured
from components.figures.statistics.measured import Measured
from components.figures.statistics.paired import difference
from components.generation.generate import generate
from components.generation.prompts import split_prompts
from components.generation.sampler import load_sampler
from components.runtime import Runtime
from components.spec.sections.codec import CodecConfig
from components.spec.sections.data import DataSpec
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.train import train

ROOT = Path(__file__).parent.parent
EXPERIMENT = ROOT / "experiments" / "digits.yaml"
SIDE, CONFIDENCE = 64, 0.95
DDIM: dict[str, Any] = {"solver": "ddim", "steps": 50, "guidance": 2.0}
"""As experiments/digits.yaml samples."""
INTERVAL = {"guidance": 2.0, "guidance_sigma_min": 0.2, "guidance_sigma_max": 10.0}
FEWER: tuple[dict[str, Any], ...] = (
    {"solver": "unipc", "steps": 12, **INTERVAL},
    {"solver": "dpmpp_2m", "steps": 12, "grid": "uniform_logsnr", **INTERVAL},
)
"""Of the few that were tried with seed 0, of as good a distance and of a better one."""
GOAL = 0.6


def quality(
    model: Path | None, data: Path | None, device: str, out: Path | None, *, quick: bool
) -> None:
    """Print both distances, their difference and the ratios of evaluations and seconds; add them
    to the JSON file ``out``.

    Args:
        model: a trained one; None to train it.
        data: what it was trained on, prepared.
    """
    with tempfile.TemporaryDirectory() as folder:
        if model is None or data is None:
            model, data = trained(Path(folder), device, quick=quick)
        seeds = [0] if quick else [0, 10_000, 20_000]
        judge = Distance.to(data, device, 40 if quick else None)
        found = [
            each
            for seed in seeds
            for each in compared(model, data, judge, seed, 20 if quick else 1000)
        ]
    for way in dict.fromkeys(each.way for each in found):
        of_way = [each for each in found if each.way == way]
        print(f"{way} beside {_said(DDIM)}:")
        for each in of_way:
            print(f"  {each.words()}")
        ratio = float(np.mean([each.evaluations for each in of_way]))
        print(f"  {ratio:.2f} of its evaluations; at most {GOAL} is asked, at equal distance")
        names = [name for name in vars(of_way[0]) if name != "way"]
        kept = {name: [vars(each)[name] for each in of_way] for name in names}
        keep(out, f"distance, {way} beside {_said(DDIM)}", kept)


@dataclass(frozen=True)
class Compared:
    """Fewer evaluations beside DDIM's, of the same seeds.

    Attributes:
        way: ours, in words.
        theirs, ours: Fréchet distances.
        difference, low, high: ours less theirs, with the ends of its interval.
        evaluations, seconds: ours over theirs.
    """

    way: str
    seed: int
    images: int
    theirs: float
    ours: float
    difference: float
    low: float
    high: float
    evaluations: float
    seconds: float

    def words(self) -> str:
        return (
            f"seeds {self.seed} to {self.seed + self.images - 1}: {self.theirs:.2f} by DDIM, "
            f"{self.ours:.2f} so, difference {self.difference:+.2f} "
            f"[{self.low:+.2f}, {self.high:+.2f}]; {self.evaluations:.2f} of the evaluations, "
            f"{self.seconds:.2f} of the seconds"
        )


@dataclass(frozen=True)
class Distance:
    """The Fréchet distance to real images, whose features are taken once."""

    extractor: EfficientNetLite0
    real: NDArray[np.float32]

    @classmethod
    def to(cls, data: Path, device: str, most: int | None) -> "Distance":
        """To the first ``most`` held-out images; None for all."""
        extractor = EfficientNetLite0(SIDE, torch.device(device))
        return cls(extractor, extractor(np.asarray(load_split(data, "holdout").images[:most])))

    def of(self, images: NDArray[np.uint8]) -> Measured:
        """That of generated images."""
        return frechet_measured(self.extractor(images), self.real, CONFIDENCE)


def compared(model: Path, data: Path, judge: Distance, seed: int, images: int) -> list[Compared]:
    """Each of `FEWER` beside DDIM, from one range of seeds."""
    theirs = measured(model, data, judge, images, {**DDIM, "seed": seed})
    found = []
    for way in FEWER:
        ours = measured(model, data, judge, images, {**way, "seed": seed})
        apart = difference(ours[0], theirs[0], CONFIDENCE, same_seeds=True)
        found.append(
            Compared(
                _said(way),
                seed,
                images,
                theirs[0].estimate.value,
                ours[0].estimate.value,
                apart.value,
                apart.low,
                apart.high,
                ours[1] / theirs[1],
                ours[2] / theirs[2],
            )
        )
    return found


def measured(
    model: Path, data: Path, judge: Distance, images: int, settings: dict[str, Any]
) -> tuple[Measured, float, float]:
    """The distance, the evaluations an image, and the seconds of sampling."""
    sampler = load_sampler(
        model, SamplingSpec.model_validate(settings), device=judge.extractor.device
    )
    prompts = split_prompts(data, "holdout", images, sampler.model.conditioner)
    start = time.perf_counter()
    drawn = generate(sampler, prompts)
    seconds = time.perf_counter() - start
    return judge.of(drawn.images), drawn.network_evaluations, seconds


def trained(folder: Path, device: str, *, quick: bool) -> tuple[Path, Path]:
    """A model of the digits and their prepared data, as the experiment's file has them."""
    said = yaml.safe_load(EXPERIMENT.read_text())
    data, model = folder / "prepared", folder / "model"
    data.mkdir()
    model.mkdir()
    shutil.copy(ROOT / "data.dvc", folder)
    fetch(folder)
    section = DataSpec(**said["data"])
    raw = folder / "data" / section.source
    prepare(section.model_dump(mode="json"), {"raw": raw}, data, Runtime())
    steps = {"steps": 2} if quick else {}
    told = {**said["training"], "evaluate_every": 0, **steps}
    spec = {
        "codec": CodecConfig().model_dump(mode="json"),
        "process": ProcessSpec(**said["process"]).model_dump(mode="json"),
        "network": NetworkSpec(**said["network"]).model_dump(mode="json"),
        "conditioning": ConditioningSpec(**said["conditioning"]).model_dump(mode="json"),
        "training": TrainingSpec(**told).model_dump(mode="json"),
    }
    train(spec, {"data": data}, model, Runtime(accelerator="gpu" if device == "cuda" else "cpu"))
    return model, data


def _said(way: dict[str, Any]) -> str:
    said = dict(way)
    words = [said.pop("solver"), *([said.pop("grid")] if "grid" in said else [])]
    return ", ".join([*words, *(f"{key} {value:g}" for key, value in said.items())])
