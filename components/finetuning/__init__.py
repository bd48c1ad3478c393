"""Training that starts from a trained model: one file a kind.

What planner, report and records must know of a kind is its entry in
`components.spec.catalogue.finetuning`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from components.finetuning.consistency import consistency
from components.finetuning.dpo import dpo
from components.finetuning.dreambooth import dreambooth
from components.finetuning.full import full
from components.finetuning.lora import lora
from components.finetuning.textual_inversion import textual_inversion
from components.networks.checkpoint import Checkpoint
from components.spec.sections.training import TrainingSpec
from components.training.task import Task

Kind = Callable[[Checkpoint, Mapping[str, Any], TrainingSpec, Mapping[str, Path]], Task]
"""(model, the finetune section as far as the kind reads it, training section, the stage's inputs)
→ what is trained."""

FINETUNES: dict[str, Kind] = {
    "full": full,
    "lora": lora,
    "dreambooth": dreambooth,
    "textual_inversion": textual_inversion,
    "dpo": dpo,
    "consistency": consistency,
}
