"""A plan of this machine and this folder: its data, its weights, its processor."""

from collections.abc import Callable
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import Any

from components.data.decided import decided_digest, find_study
from components.data.pin import pinned_hashes
from components.data.prompt_file import read_prompts
from components.data.readers import folders_of
from components.errors import AlphabarError
from components.evaluation.weights_files import digest_of_weights
from components.files.digests import known_sha256
from components.licences import licence_of_weights
from components.spec.codec_files import home_of, weights_of
from components.spec.experiment import Experiment
from components.spec.keys import digest
from components.spec.pipelines.vae_folder import read_vae_folder
from components.spec.plan import DataHash, Plan, plan_baselines
from components.spec.plan.auto import AUTO, says_auto, tuned_samplings, tuned_training
from components.spec.plan.node import BaseContent
from components.spec.tunings import tunings
from flows.run.based import Base, as_base_says, content_of, find_base_of, refuse_other_images
from flows.run.choices import Choices
from flows.run.loads import Surroundings
from flows.run.machine import resolved
from flows.run.pretrained import as_directory_says, network_hashes
from flows.run.trained_files import refuse_broken, refuse_unfit_codecs
from flows.run.tunings_ahead import refuse_unfit_tunings
from flows.workspace import Workspace


def plan_here(
    experiment: Experiment,
    workspace: Workspace,
    data_hash: DataHash | None = None,
    choices: Choices | None = None,
) -> Plan:
    """The plan of an experiment in this folder, on this machine.

    Args:
        data_hash: gives raw data's hashes where they are not to be verified.
        choices: settles every `auto` of the baselines and of what may follow them; of what is kept
            unless it says otherwise.

    Raises:
        AlphabarError: raw data is missing or not what its pin says, or a file of prompts or a text
            encoder's folder is missing or broken, or a codec's cannot take the images; or there
            is no such base, or the file contradicts it.
    """
    base = find_base_of(experiment, workspace)
    if base is not None:
        settled = as_base_says(experiment, base)
        refuse_other_images(settled, base, workspace.root)
    else:
        settled = as_directory_says(experiment, workspace.root, workspace.weights)
    chosen, compute = choices or Choices(), resolved(settled.runner)
    around = Surroundings(compute, workspace.root, workspace.weights, base)
    plan = plan_baselines(
        settled,
        data_hash or pinned_hashes(workspace.root),
        compute,
        weights_hashes(workspace.weights),
        prompts_hashes(workspace.root),
        folder_hashes(workspace.root),
        encoders_hashes(workspace.weights),
        network_hashes(workspace.weights),
        base_contents(base, workspace),
        decided_hashes(workspace.root),
        chosen.at(workspace, around),
    )
    refuse_unfit_codecs(plan.cells, workspace.root)
    refuse_unfit_tunings(plan, base, workspace)
    _settle_tunings(plan)
    return plan


def _settle_tunings(plan: Plan) -> None:
    """Settle every `auto` of fine-tunes, whichever baseline will be the best."""
    able = [cell.cell for cell in plan.cells if cell.may_win]
    for spec in [each.spec for each in tunings(plan.experiment)]:
        own = any(AUTO in change.values() for change in spec.sampling)
        for cell in able if own else filter(says_auto, able):
            tuned_training(cell, spec, plan.outside.settle)
            tuned_samplings(cell, spec, plan.outside.settle)


def base_contents(base: Base | None, workspace: Workspace) -> BaseContent:
    """A function that gives what is known of ``base``, which is looked at once."""

    @cache
    def content(name: str) -> dict[str, Any]:
        assert base is not None
        assert name == base.name
        return content_of(base, workspace)

    return content


def weights_hashes(folder: Path | None) -> Callable[[str], str | None]:
    """A function that gives the SHA-256 of the weights behind a judge's name, if there are any; it
    raises AlphabarError where those of a folder are not whole.

    It reads each file once, however often it is called.
    """

    @cache
    def digest(extractor: str) -> str | None:
        return digest_of_weights(extractor, folder)

    return digest


def prompts_hashes(root: Path) -> Callable[[str], str]:
    """A function that gives the SHA-256 of a file of prompts, named from ``root``; it raises
    AlphabarError where none can be read from it."""

    @cache
    def digest(name: str) -> str:
        read_prompts(root / name)
        return known_sha256(root / name)

    return digest


def decided_hashes(root: Path) -> Callable[[str], str]:
    """A function that gives the SHA-256 of the decided pairs that `finetune.preferences` names,
    from ``root``; it raises AlphabarError where there are none."""

    @cache
    def digest(name: str) -> str:
        return decided_digest(find_study(name, root))

    return digest


def encoders_hashes(weights: Path | None) -> Callable[[str], list[str]]:
    """A function that gives the digests of the folders that a ``conditioning.encoder`` is read
    from; it raises AlphabarError where one is missing or not whole.

    Args:
        weights: the folder that is looked through first.
    """

    @cache
    def digests(encoder: str) -> list[str]:
        folders = folders_of(encoder, weights)
        for folder in folders:
            refuse_broken(folder.weights)
        return [folder.digest() for folder in folders]

    return digests


def folder_hashes(root: Path) -> Callable[[str], str]:
    """A function that gives the digest of what is read of a VAE's folder, named from ``root``, and
    of the licence that it says; it raises AlphabarError where that is none, or not whole."""

    @cache
    def of_folder(path: str) -> str:
        folder = root / path
        if not folder.is_dir():
            raise AlphabarError(
                f"`codec.pretrained: {path}` is no folder", "give the folder of a VAE"
            )
        home = home_of(folder)
        refuse_broken(read_vae_folder(folder).weights)
        read = [*home.glob("*.json"), *weights_of(home)]
        files = [[path.name, known_sha256(path)] for path in sorted(read)]
        return digest(
            [*files, *(list(astuple(each.licence)) for each in licence_of_weights(folder))]
        )

    return of_folder
