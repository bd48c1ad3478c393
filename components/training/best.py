"""The weights of the best evaluation so far, in files that survive a kill.

    best/step_000500/model.safetensors     the moving average after step 500
    best/step_000500/best.json             step, metric, value, low, high

A folder is filled under another name and put in place by one rename: it is whole or not there.
"""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

from components.files.json_file import write_json
from components.files.put import put, remove_parts
from components.spec.model_folder import step_folder, step_of
from components.training.track_record import Mark

FOLDER, RECORD = "best", "best.json"


class BestCheckpoint:
    """The latest folder holds the best so far, since each is better than all before it.

    The one that was the best at the resume point stays too: a run that is killed goes on from
    there, and must then find what was the best at that step.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.resume_step = folder, 0

    def rewind(self, step: int) -> None:
        """Forget what lies past ``step``, from which training goes on, and what is half-written."""
        remove_parts(self.folder)
        for found in self._found():
            if step_of(found) > step:
                shutil.rmtree(found)
        self.resume_at(step)

    def put(self, mark: Mark, save: Callable[[Path], None]) -> None:
        """Make what ``save`` writes into a folder the best so far."""
        with put(self.folder / step_folder(mark.step)) as part:
            part.mkdir(parents=True)
            save(part)
            write_json(part / RECORD, dataclasses.asdict(mark))
        self._prune()

    def resume_at(self, step: int) -> None:
        """There is a resume point at ``step`` now, and none before it."""
        self.resume_step = step
        self._prune()

    def latest(self) -> Path | None:
        """The folder of the best so far; None when there is none."""
        return max(self._found(), key=step_of, default=None)

    def _prune(self) -> None:
        found = sorted(self._found(), key=step_of)
        past = [folder for folder in found if step_of(folder) <= self.resume_step]
        for folder in found[:-1]:
            if folder not in past[-1:]:
                shutil.rmtree(folder)

    def _found(self) -> list[Path]:
        return list(self.folder.glob("step_*"))
