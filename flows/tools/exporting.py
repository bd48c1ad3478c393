"""Models and studies in new folders of the user's choice."""

from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.new_folder import new_folder
from components.runtime import Runtime
from components.spec.sections.sampling import SamplingSpec
from flows.run.stages import prepare_process, run_stage
from flows.workspace import Workspace


def export_model(model: Path, out: Path, sampling: SamplingSpec, workspace: Workspace) -> list[str]:
    """Write ``model`` (a checkpoint's directory) into the new folder ``out``.

    Args:
        sampling: how alphabar draws with the model.

    Returns:
        What of ``sampling`` the folder does not draw with, in words.

    Raises:
        AlphabarError: ``out`` exists, or the checkpoint is broken.
    """
    with new_folder(out, workspace.store_root) as part:
        prepare_process(threads=None)
        from components.networks.diffusers_format import save_diffusers

        return save_diffusers(model, part, sampling.model_dump(mode="json"))


def export_study(
    baseline: Path, finetuned: Path, out: Path, spec: dict[str, Any], workspace: Workspace
) -> None:
    """Write the study of two folders of samples into the new folder ``out``.

    Raises:
        AlphabarError: ``out`` exists, the samples do not match pair by pair, or there are fewer
            than ``spec["pairs"]``.
    """
    from components.files.samples import read_samples

    samples = len(read_samples(baseline).rows)
    if spec["pairs"] > samples:
        raise AlphabarError(
            f"--pairs {spec['pairs']} is more than the {samples} samples in {baseline}",
            f"give --pairs {samples} or fewer, or draw more samples of both models",
        )
    with new_folder(out, workspace.store_root) as part:
        inputs = {"baseline": baseline, "finetuned": finetuned}
        run_stage("study", spec, inputs, part, Runtime())
