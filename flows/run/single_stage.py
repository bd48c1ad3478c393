"""One stage of an experiment without a sweep, in plain folders: how `dvc repro` runs it.

DVC does here what the store does for `alphabar run`: it decides what runs and keeps the
outputs. A folder's manifest has only what is the same every time.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.manifest import check, write_manifest
from components.runtime import Progress, Runtime
from components.spec.experiment import Experiment
from components.spec.loading import nearest
from components.spec.plan import (
    STAGE_VERSIONS,
    Compute,
    DataHash,
    Node,
    in_order,
    plan_finetune,
    plan_pages,
)
from components.store import describe
from flows.run.choices import Choices, unsaid
from flows.run.dvc_figures import write_figures
from flows.run.outside import plan_here
from flows.run.stages import STAGES, prepare_process, run_stage
from flows.workspace import Workspace


def run_single_stage(
    name: str,
    experiment: Experiment,
    folder: Path,
    workspace: Workspace,
    progress: Progress,
    plugins: Sequence[str] = (),
    version: int | None = None,
    say: Callable[[str], None] = unsaid,
) -> None:
    """Run the stage ``name`` from and into sub-folders of ``folder``.

    Args:
        plugins: what the stage is to use, as `plugin_texts` has it; empty where nobody says.
        version: which the stage is to be of; None where nobody says.
        say: told what is measured before, where the experiment says `auto`.

    Raises:
        AlphabarError: the experiment has a sweep, the name is not one of its stages, it is of
            another version or would use other plug-ins, or an input folder is missing or damaged.
    """
    with Choices(say, measures=True) as choices:
        nodes = {node.name: node for node in whole_plan(experiment, workspace, choices=choices)}
    if name not in nodes:
        raise AlphabarError(f"the experiment has no stage {name}", nearest(name, list(nodes)))
    node = nodes[name]
    refuse_other_code(node, plugins, version)
    inputs = {role: folder / source.name for role, source in node.inputs.items()}
    for path in inputs.values():
        if not (path / "manifest.json").is_file():
            raise AlphabarError(f"{path} is missing", f"run `alphabar stage {path.name}` first")
        check(path)
    out, work = folder / name, folder / ".work" / name
    scratch = work / node.key
    with naming_a_full_disk(folder):
        if not scratch.is_dir():  # a resume point of other settings is of no use
            shutil.rmtree(work, ignore_errors=True)
        scratch.mkdir(parents=True, exist_ok=True)
        part = work / "out"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        compute = node.compute or Compute()
        prepare_process(compute.threads)
        cache = folder / ".work" / "cache"
        runtime = Runtime(progress, compute.accelerator, scratch, cache, workspace.weights)
        run_stage(node.stage, node.settings, inputs | workspace.outside_inputs(node), part, runtime)
        write_manifest(part, describe(node, part))
        shutil.rmtree(out, ignore_errors=True)
        part.rename(out)
        if STAGES[node.stage].judges:
            write_figures(out)
        shutil.rmtree(work, ignore_errors=True)


def plugin_texts(node: Node) -> list[str]:
    """The packages of the plug-ins that a stage uses: ``damped==1.2``."""
    return sorted(f"{package}=={version}" for package, version in node.plugins.items())


def refuse_other_code(node: Node, plugins: Sequence[str], version: int | None = None) -> None:
    """Raise AlphabarError unless a stage is of this version and uses these ``plugins``; None and
    empty are whatever it has."""
    remedy = "write dvc.yaml anew: alphabar dvc write"
    present = STAGE_VERSIONS[node.stage]
    if version not in (None, present):
        raise AlphabarError(
            f"stage {node.name} is asked for in version {version}, and has version {present}",
            remedy,
        )
    if plugins and sorted(plugins) != plugin_texts(node):
        used = ", ".join(plugin_texts(node)) or "none"
        raise AlphabarError(
            f"stage {node.name} is asked for with {', '.join(plugins)}, and would use {used}",
            remedy,
        )


def whole_plan(
    experiment: Experiment,
    workspace: Workspace,
    data_hash: DataHash | None = None,
    choices: Choices | None = None,
) -> list[Node]:
    """Every stage of an experiment without a sweep: its only cell is the best one.

    Args:
        data_hash, choices: as `plan_here` takes them.

    Raises:
        AlphabarError: it has a sweep, or raw data is missing or not what its pin says.
    """
    if experiment.sweep or experiment.cells or experiment.also:
        raise AlphabarError(
            "an experiment with a sweep runs with `alphabar run`",
            "remove `sweep`, `cells` and `also`, or use `alphabar run`",
        )
    plan = plan_here(experiment, workspace, data_hash, choices)
    (best,) = plan.cells
    tuned = plan_finetune(plan, best) if experiment.finetune else None
    ends = [
        best.reference,
        best.evaluate,
        *(tuned.ends() if tuned else []),
        *plan_pages(plan, best, tuned),
    ]
    return in_order(ends)
