"""Models and studies in folders of the user's choice, put in place by one rename."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.runtime import Runtime
from components.spec.sections.sampling import SamplingSpec
from flows.stages import prepare_process, run_stage


def export_model(model: Path, out: Path, sampling: SamplingSpec) -> list[str]:
    """Write ``model`` (a checkpoint's directory) into the new folder ``out``.

    Args:
        sampling: how alphabar draws with the model.

    Returns:
        What of ``sampling`` the folder does not draw with, in words.

    Raises:
        AlphabarError: ``out`` exists, or the checkpoint is broken.
    """
    with new_folder(out) as part:
        prepare_process(threads=None)
        from components.networks.diffusers_format import save_diffusers
        from components.networks.export_readme import left_behind

        section = sampling.model_dump(mode="json")
        save_diffusers(model, part, section)
    return left_behind(section)


def export_study(baseline: Path, finetuned: Path, out: Path, spec: dict[str, Any]) -> None:
    """Write the study of two folders of samples into the new folder ``out``.

    Raises:
        AlphabarError: ``out`` exists, the samples do not match pair by pair, or there are fewer
            than ``spec["pairs"]``.
    """
    from components.generation.sample_directory import read_samples

    samples = len(read_samples(baseline).rows)
    if spec["pairs"] > samples:
        raise AlphabarError(
            f"--pairs {spec['pairs']} is more than the {samples} samples in {baseline}",
            f"give --pairs {samples} or fewer, or draw more samples of both models",
        )
    with new_folder(out) as part:
        inputs = {"baseline": baseline, "finetuned": finetuned}
        run_stage("study", spec, inputs, part, Runtime())


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill that becomes ``out`` when all went well, and vanishes otherwise."""
    if out.exists():
        raise AlphabarError(f"{out} exists already", "give a new folder with --out")
    part = out.with_name(f".{out.name}.part")
    with naming_a_full_disk(out):
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise AlphabarError(
                f"{out} cannot be made: {error.strerror}", "give a folder that can be written to"
            ) from error
        try:
            yield part
            part.rename(out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
