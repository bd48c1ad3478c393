"""A look at the model while it trains: EMA samples on fixed seeds, judged on the holdout."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import nn

from components.data.grids import contact_sheet, save_png
from components.evaluation.judge import Judge
from components.generation.generate import generate
from components.generation.prompts import Prompts, holdout_prompts
from components.networks.checkpoint import Checkpoint
from components.spec.models import EvaluationSpec, SamplingSpec, TrainingSpec
from components.training.history import EVALUATIONS, Journal

GRID_COLUMNS, GRID_IMAGES = 10, 30


@dataclasses.dataclass(frozen=True)
class Watch:
    """Samples the moving average and writes a picture and rows of evaluations.csv."""

    model: Checkpoint
    sampling: SamplingSpec
    prompts: Prompts
    judge: Judge
    journal: Journal
    pictures: Path

    @classmethod
    def over(
        cls, model: Checkpoint, training: TrainingSpec, inputs: Mapping[str, Path], folder: Path
    ) -> "Watch":
        """The watch of a training run; ``inputs`` has data, reference and maybe scorer."""
        pictures = folder / "samples"
        pictures.mkdir(exist_ok=True)
        spec = EvaluationSpec(size=training.evaluate_size, classifier="none")
        return cls(
            model,
            SamplingSpec(steps=training.evaluate_steps, guidance=training.evaluate_guidance),
            holdout_prompts(inputs["data"], training.evaluate_samples),
            Judge.load(
                inputs["reference"],
                inputs["data"],
                inputs.get("scorer"),
                spec.model_dump(mode="json"),
                model.device,
            ),
            Journal(folder / "evaluations.csv", EVALUATIONS),
            pictures,
        )

    def look(self, average: nn.Module, step: int) -> None:
        """Draw, judge, write; the training state and the global generator stay untouched."""
        images = generate(
            dataclasses.replace(self.model, network=average),
            self.sampling,
            classes=self.prompts.classes,
            captions=self.prompts.captions,
        ).images
        save_png(
            self.pictures / f"step_{step:06d}.png",
            contact_sheet(images[:GRID_IMAGES], GRID_COLUMNS),
        )
        classes = np.array(self.prompts.classes)
        records = self.judge.measure(
            images, classes, list(self.prompts.captions), self.sampling.seed
        )
        self.journal.append(
            {"step": step, "metric": name, "value": r.value, "low": r.low, "high": r.high}
            for name, r in sorted(records.items())
        )
