"""Small directories in the stages' real formats, made from drawn figures, and the plan's spec."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from components.figures.judgement import Judgement
from components.figures.likeness import JUDGED
from components.files.samples import SampleRow, Samples
from components.reporting.cells import Cell
from components.reporting.pages.report import report
from components.reporting.results import Results, read
from components.reporting.words.naming import phrase
from components.runtime import Runtime
from components.spec.loading import parse_experiment
from components.spec.plan import plan_baselines, plan_finetune, plan_report
from components.spec.sections.sampling import SamplingSpec
from tests.figures import made

EXPERIMENT: dict[str, Any] = {
    "name": "digits",
    "data": {"source": "digits", "holdout": 0.3},
    "evaluation": {"samples": 40, "classifier": "svc"},
    "finetune": {"style": "bold"},
    "study": {"pairs": 10},
    "sweep": {"process.schedule": ["linear", "cosine"], "sampling.guidance": [1.0, 2.0, 4.0]},
    "also": [
        {
            "process.schedule": "cosine",
            "sampling.solver": "ddpm",
            "sampling.steps": 250,
            "sampling.guidance": 2.0,
        }
    ],
}
DISTANCES = (210.0, 190.0, 300.0, 169.0, 153.0, 256.0, 158.0)
FLOOR = 88.0

SOLVERS: dict[str, Any] = {
    "name": "solvers",
    "data": {"source": "digits", "holdout": 0.3},
    "evaluation": {"samples": 40},
    "sweep": {
        "sampling.solver": [
            *("ddim", "ddpm", "euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_2m_sde"),
            *("unipc", "rk45", "predictor_corrector"),
        ],
        "sampling.steps": [5, 10, 20, 50],
    },
    "also": [{"sampling.solver": "ddim", "sampling.steps": 4}],
    "finetune": {
        "kind": "consistency",
        "segments": 1,
        "sampling": [{"steps": 2}, {"steps": 1}, {"steps": 4}],
    },
}
"""One network, ten solvers at four numbers of steps, and a distilled model."""
EXCESS = {
    "ddim": (900, 1.2),
    "ddpm": (5200, 1.35),
    "euler": (1000, 1.2),
    "euler_ancestral": (2600, 1.3),
    "heun": (2500, 2.0),
    "dpmpp_2m": (1500, 1.9),
    "dpmpp_2m_sde": (2600, 1.7),
    "unipc": (900, 1.9),
    "rk45": (200, 1.0),
    "predictor_corrector": (7000, 1.4),
    "consistency": (30, 1.0),
}
"""Solver → (a, p): its distance is 150 + a n^-p after n evaluations."""

SCHEDULES: dict[str, Any] = {
    "name": "schedules",
    "data": {"source": "digits", "holdout": 0.3},
    "evaluation": {"samples": 40, "likelihood": "elbo"},
    "process": {"schedule": "cosine", "prediction": "v"},
    "sweep": {"process.schedule": ["linear", "cosine", "sigmoid", "scaled_linear"]},
    "cells": [
        {"process.schedule": "linear", "process.zero_terminal_snr": True},
        {"process.schedule": "rectified_flow", "process.prediction": "flow"},
        {"process.schedule": "edm", "process.prediction": "edm"},
        {"process.schedule": "cosine", "process.prediction": "eps"},
    ],
}
"""Eight networks under one sampler."""
BY_SCHEDULE = (205.0, 172.0, 181.0, 230.0, 198.0, 168.0, 176.0, 260.0)
BOUNDS = (3.11, 3.02, 3.05, 3.2, 3.1, 3.01, 2.98, 3.3)


SUBJECT: dict[str, Any] = {
    "name": "subject",
    "data": {"source": "digits", "holdout": 0.3},
    "conditioning": {"encoder": "minilm"},
    "evaluation": {"samples": 40},
    "finetune": {
        "kind": "dreambooth",
        "subject": "mine",
        "token": "sks",
        "class_word": "digit",
        "subject_prompts": ["a {token} {class_word}", "{token} in bold"],
        "limits": {"drift_at_most": 0.5},
    },
    "sweep": {"finetune.prior_weight": [0, 1]},
}
"""A network that is taught a subject twice."""

KINDS: dict[str, Any] = {
    "name": "kinds",
    "data": {"source": "digits", "holdout": 0.3},
    "evaluation": {"samples": 40},
    "finetune": {"style": "bold"},
    "sweep": {"finetune.kind": ["full", "lora"]},
}
"""A network that is tuned on a style, all weights and a LoRA."""


@dataclass(frozen=True)
class Case:
    """What a report is made from.

    Attributes:
        experiment: the experiment file.
        distance: (role without its kind, its sampling section) → Fréchet distance.
        half: half the distance's interval, as a share of it.
        bounds: the variational bound of each cell's network.
        rich: whether evaluations hold every metric, pseudo-values, groups and closest pairs,
            and not four figures alone.
        drifts: of each fine-tuned cell.
        alike: likeness of each fine-tuned model to its subject.
    """

    experiment: dict[str, Any]
    distance: Callable[[str, dict[str, Any]], float]
    half: float
    bounds: tuple[float, ...] = ()
    rich: bool = False
    drifts: tuple[float, ...] = ()
    alike: tuple[float, ...] = (0.62, 0.63)


def distance_of_digits(which: str, _: dict[str, Any]) -> float:
    return DISTANCES[int(which)] if which.isdigit() else 400.0 - 200 * (which == "finetuned:0")


def write_subject(directory: Path) -> Path:
    """Five images, in the format of the stage `subject`."""
    directory.mkdir(parents=True)
    images = np.random.default_rng(5).integers(0, 255, (5, 8, 8, 1), dtype=np.uint8)
    np.save(directory / "images.npy", images)
    return directory


def write_likeness(directory: Path, tuned: float) -> Path:
    """In the format of the stage `similarity`."""
    directory.mkdir(parents=True)
    values = {"tuned": tuned, "baseline": 0.25, "difference": tuned - 0.25, "ceiling": 0.76}
    found = {n: {"value": v, "low": v - 0.05, "high": v + 0.05} for n, v in values.items()}
    content = {"confidence": 0.95, "similarity": {"efficientnet_lite0": found}}
    (directory / "metrics.json").write_text(json.dumps(content))
    name, judged = "likeness_efficientnet_lite0", directory / JUDGED
    content = {"metrics": {name: record(tuned, 0.05)}}
    write_evidence(write_figures(judged, content), content, round(100 * tuned))
    return directory


def distance_of_solvers(_: str, sampling: dict[str, Any]) -> float:
    scale, power = EXCESS[sampling["solver"]]
    return 150.0 + scale * float(evaluations(sampling)) ** -power


DIGITS_CASE = Case(EXPERIMENT, distance_of_digits, 0.0)
RICH_CASE = Case(EXPERIMENT, distance_of_digits, 0.0, rich=True)
SOLVERS_CASE = Case(SOLVERS, distance_of_solvers, 0.035)
SUBJECT_CASE = Case(SUBJECT, distance_of_digits, 0.0, rich=True)
SCHEDULES_CASE = Case(SCHEDULES, lambda which, _: BY_SCHEDULE[int(which)], 0.05, BOUNDS)


def evaluations(sampling: dict[str, Any]) -> float:
    """What an image costs under each solver, about as the real ones count it."""
    steps, guided = sampling["steps"], sampling["guidance"] > 1
    special = {"heun": 2 * steps - 1, "predictor_corrector": 2 * steps, "rk45": 56 + steps / 8}
    return float(special.get(sampling["solver"], steps)) * (1 + guided)


def record(value: float, half: float, **extra: object) -> dict[str, Any]:
    judge = {"extractor": "efficientnet_lite0", "resize": "bilinear-antialias 64px"}
    return made.record(value, half, **judge, data_hash="3f2a.dir", **extra)


def figures(
    fd: float, clip: float, share: float | None, half: float = 0.0, bound: float | None = None
) -> dict[str, Any]:
    """Every metric of a cell; its distance's interval is ±6 or, with ``half``, that share of it."""
    records = {
        "fd_efficientnet_lite0": record(fd, half * fd or 6.0),
        "kd_efficientnet_lite0": record(fd / 4000 - 0.02, 0.0021),
        "clip_score_domain": record(clip, 0.012),
    }
    if share is not None:
        records["recognised_svc"] = record(share, 0.01, classifier_accuracy=0.985)
    if bound is not None:
        records["elbo_bpd"] = made.record(bound, 0.02, extractor="none", n_generated=540)
    return {"metrics": records}


def every_figure(fd: float, clip: float, share: float) -> dict[str, Any]:
    """What a full evaluation records of a cell, with two groups."""
    judge = "efficientnet_lite0"
    quality = min(1.0, 150 / fd)
    values = {
        f"fd_infinity_{judge}": (fd - 20, 9.0),
        f"kd_subsets_{judge}": (fd / 4000 - 0.02, 0.003),
        f"precision_{judge}": (0.9 * quality, 0.04),
        f"recall_{judge}": (0.8 * quality, 0.05),
        f"density_{judge}": (0.95 * quality, 0.06),
        f"coverage_{judge}": (0.85 * quality, 0.05),
        f"authenticity_{judge}": (0.97, 0.02),
        f"neighbour_ratio_{judge}": (1.04, 0.05),
        f"vendi_{judge}": (23.0 * quality, 1.1),
        "clip_cosine_domain": (clip / 100, 0.00012),
        "r_precision_domain": (0.4 * quality, 0.05),
        "cmmd_domain": (fd / 900, 0.01),
    }
    content = figures(fd, clip, share)
    more = {name: record(value, half, settings={"k": 5}) for name, (value, half) in values.items()}
    content["metrics"] |= more
    content["groups"] = {
        f"the digit {i}": {
            f"recall_{judge}": record(0.5 + i / 30, 0.1, n_generated=4),
            "clip_score_domain": record(clip, 0.05, n_generated=4),
        }
        for i in range(12)
    }
    return content


def write_evidence(directory: Path, content: dict[str, Any], own: int) -> None:
    """The pseudo-values of forty seeds, which all cells share most of, and the closest pairs."""
    shared, alone = np.random.default_rng(0), np.random.default_rng(100 + own)
    arrays: dict[str, Any] = {"seeds": np.arange(40, dtype=np.int64)}
    for name, known in content["metrics"].items():
        half = known["high"] - known["value"]
        common = 2.6 * half * shared.standard_normal(40)
        arrays[f"{name}|generated"] = common + 0.6 * half * alone.standard_normal(40)
        arrays[f"{name}|reference"] = 1.2 * half * shared.standard_normal(20)
    made.write_record(directory, content, arrays)
    pairs = [
        {"generated": i, "training": 3 * i, "distance": 5.0 + i, "ratio": 0.5 + i / 10}
        for i in range(4)
    ]
    content = {"extractor": "efficientnet_lite0", "pairs": pairs}
    (directory / "closest_pairs.json").write_text(json.dumps(content))
    images = np.random.default_rng(own).integers(0, 255, (4, 2, 8, 8, 1), dtype=np.uint8)
    np.save(directory / "closest_pairs.npy", images)


def write_figures(directory: Path, content: dict[str, Any]) -> Path:
    directory.mkdir(parents=True)
    (directory / "metrics.json").write_text(json.dumps(content))
    return directory


def write_samples(
    directory: Path, noise: int, cost: float, channels: int = 1, caption: str = "the digit"
) -> Path:
    """Forty blurred strokes, of ten classes, in the format of the stage `sample`."""
    directory.mkdir(parents=True)
    rng = np.random.default_rng(noise)
    images = np.zeros((40, 8, 8, channels), dtype=np.uint8)
    for index in range(40):
        images[index, 1:7, 1 + index % 6] = 220
        images[index, index % 8, 1:7] = 160
    images += rng.integers(0, 30, images.shape, dtype=np.uint8)
    np.save(directory / "images.npy", images)
    with (directory / "samples.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "seed", "class", "label", "caption"])
        for index in range(40):
            label = index % 10
            writer.writerow([index, index, label, str(label), f"{caption} {label}"])
    (directory / "metrics.json").write_text(
        json.dumps({"samples": 40, "network_evaluations": cost})
    )
    return directory


def write_training(directory: Path, speed: float, watched: bool = True) -> Path:
    directory.mkdir(parents=True)
    rng = np.random.default_rng(int(speed * 100))
    lines = ["step,loss,lr,grad_norm"]
    for step in range(1, 601):
        loss = 0.05 + speed / (step + 3) + 0.005 * rng.random()
        lines.append(f"{step},{loss:.6f},0.001,0.5")
    (directory / "history.csv").write_text("\n".join(lines) + "\n")
    rows = ["step,metric,value,low,high"]
    for step in (200, 400, 600) if watched else ():
        fd, clip = 9000 * speed / step, 0.2 + step / 3000
        rows.append(f"{step},fd_efficientnet_lite0,{fd},{0.9 * fd},{1.1 * fd}")
        rows.append(f"{step},clip_score_domain,{clip},{clip - 0.02},{clip + 0.02}")
    (directory / "evaluations.csv").write_text("\n".join(rows) + "\n")
    (directory / "metrics.json").write_text('{"loss": 0.05, "parameters": 1000, "steps": 600}')
    return directory


def build(root: Path, case: Case = DIGITS_CASE, caption: str = "the digit") -> SimpleNamespace:
    """The report's node as the plan makes it, over directories that lie under ``root``."""
    plan = plan_baselines(parse_experiment(case.experiment, "the test"), lambda _: "3f2a.dir")
    able = [i for i, cell in enumerate(plan.cells) if cell.may_win]
    samplings = [cell.cell.experiment.sampling.model_dump() for cell in plan.cells]
    best = plan.cells[min(able, key=lambda i: case.distance(str(i), samplings[i]))]
    tuned = plan_finetune(plan, best) if plan.experiment.finetune else None
    node = plan_report(plan, best, tuned)
    made: dict[str, Path] = {}
    inputs = {}
    for number, (role, source) in enumerate(sorted(node.inputs.items())):
        if source.key not in made:
            directory = root / source.stage / source.key
            _write(directory, role, number, _sampling(role, node.spec), case, caption)
            made[source.key] = directory
        inputs[role] = made[source.key]
    return SimpleNamespace(spec=node.spec, inputs=inputs)


def _sampling(role: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The sampling section behind a role's directory; the best cell's where there is none."""
    kind, _, which = role.partition(":")
    first, _, index = which.partition(":")
    of_a_cell = kind in ("train", "sample", "evaluate") and first.isdigit()
    chosen = next(cell for cell in spec["cells"] if cell["name"] == spec["best"])
    cell = spec["cells"][int(first)] if of_a_cell else chosen
    tuned = first == "finetuned"
    samplings = [each for model in spec["finetunes"] for each in model["samplings"]]
    section: dict[str, Any] = samplings[int(index or 0)] if tuned else {}
    return section or cell["sampling"]


def _write(
    directory: Path,
    role: str,
    number: int,
    sampling: dict[str, Any],
    case: Case,
    caption: str,
) -> None:
    """One stage's directory, by the role that it has for the report."""
    kind, _, which = role.partition(":")
    if kind in ("train", "finetune"):
        write_training(directory, 1.0 + number / 10, watched=kind == "train")
    elif kind == "sample":
        write_samples(directory, number, evaluations(sampling), caption=caption)
    elif kind == "scorer":
        scores = made.record(0.93, 0.02, n_reference=10, chance=0.1)
        write_figures(directory, {"metrics": {"retrieval_top1_regular": scores}})
    elif kind == "reference":
        floor = figures(FLOOR, 0.41, None)
        if case.rich:
            floor = every_figure(FLOOR, 0.41, 0.985)
            floor.pop("groups")
        write_figures(directory, floor)
    elif kind == "subject":
        write_subject(directory)
    elif kind == "similarity":
        write_likeness(directory, case.alike[int(which)])
    elif kind == "drift":
        content = figures(300.0, 0.2, 0.9)
        drift = case.drifts[int(which)] if case.drifts else 0.12 + number / 100
        content["metrics"]["drift_efficientnet_lite0"] = record(drift, 0.02)
        write_figures(directory, content)
        if case.rich:
            write_evidence(directory, content, number)
    else:
        fd, bound = case.distance(which, sampling), None
        if case.bounds and which.isdigit():
            bound = case.bounds[int(which)]
        if case.rich:
            content = every_figure(fd, 0.3 + 20 / fd, 0.97)
            if which.startswith("class:"):
                content["metrics"]["drift_efficientnet_lite0"] = record(0.07, 0.02)
            write_evidence(write_figures(directory, content), content, number)
        else:
            write_figures(directory, figures(fd, 0.3 + 20 / fd, 0.97, case.half, bound))


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished report, for tests that only read it."""
    root = tmp_path_factory.mktemp("written")
    out = root / "out"
    out.mkdir()
    given = build(root / "store")
    report(given.spec, given.inputs, out, Runtime())
    return out


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What the report of a sweep shows whose evaluations hold every metric."""
    given = build(tmp_path_factory.mktemp("rich"), RICH_CASE)
    return read(given.spec, given.inputs)


@pytest.fixture
def report_input(tmp_path: Path) -> SimpleNamespace:
    return build(tmp_path / "store")


@pytest.fixture
def rich_input(tmp_path: Path) -> SimpleNamespace:
    return build(tmp_path / "store", RICH_CASE)


@pytest.fixture
def solvers_input(tmp_path: Path) -> SimpleNamespace:
    return build(tmp_path / "store", SOLVERS_CASE)


@pytest.fixture
def schedules_input(tmp_path: Path) -> SimpleNamespace:
    return build(tmp_path / "store", SCHEDULES_CASE)


@pytest.fixture(scope="session")
def solvers(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What the report of the solver sweep shows."""
    given = build(tmp_path_factory.mktemp("solvers"), SOLVERS_CASE)
    return read(given.spec, given.inputs)


@pytest.fixture(scope="session")
def schedules(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What the report of the schedule sweep shows."""
    given = build(tmp_path_factory.mktemp("schedules"), SCHEDULES_CASE)
    return read(given.spec, given.inputs)


@pytest.fixture
def cell() -> Callable[..., Cell]:
    """Makes a cell by hand: its settings by dotted path, its distance, and what it costs."""

    def make(
        settings: dict[str, Any],
        value: float,
        cost: float = 50.0,
        half: float = 5.0,
        metric: str = "fd_x",
        **protocol: Any,
    ) -> Cell:
        sampling = SamplingSpec().model_dump()
        own = {p.removeprefix("sampling."): v for p, v in settings.items() if "sampling." in p}
        network = {path: v for path, v in settings.items() if "sampling." not in path}
        model = ", ".join(phrase(path, v) for path, v in network.items()) or "schedule cosine"
        figure = made.made(metric, value, value - half, value + half, **protocol)
        return Cell(
            name=",".join(f"{path}={v}" for path, v in settings.items()),
            model=model,
            sampler=", ".join(map(str, own.values())),
            line=model,
            curve=", ".join([model, *(str(v) for n, v in own.items() if n != "steps")]),
            sampling=sampling | own,
            settings=settings,
            judgement=Judgement({metric: figure}),
            evaluations=cost,
            samples=Samples(np.zeros((1, 8, 8, 1), dtype=np.uint8), (SampleRow(0, 0, -1, "", ""),)),
        )

    return make
