"""A plan of this machine and this folder: its data, its weights, its processor."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from components.data.pin import pinned_hashes
from components.evaluation.weights_files import find_weights
from components.files.digests import known_sha256
from components.spec.experiment import Experiment
from components.spec.plan import DataHash, Plan, plan_baselines
from flows.run.machine import resolved
from flows.workspace import Workspace

_planned: ContextVar[tuple[Workspace, Plan] | None] = ContextVar("planned", default=None)


@contextmanager
def keeping(plan: Plan, workspace: Workspace) -> Iterator[None]:
    """Within it `plan_here` gives this plan for its experiment and folder: raw data that was
    verified a moment ago is not read again."""
    token = _planned.set((workspace, plan))
    try:
        yield
    finally:
        _planned.reset(token)


def plan_here(
    experiment: Experiment, workspace: Workspace, data_hash: DataHash | None = None
) -> Plan:
    """The plan of an experiment in this folder, on this machine.

    Args:
        data_hash: gives raw data's hashes where they are not to be verified.

    Raises:
        AlphabarError: raw data is missing or not what its pin says.
    """
    known = _planned.get()
    if known and known[0] == workspace and known[1].experiment == experiment:
        return known[1]
    return plan_baselines(
        experiment,
        data_hash or pinned_hashes(workspace.root),
        resolved(experiment.runner),
        weights_hashes(workspace.weights),
    )


def weights_hashes(folder: Path | None) -> Callable[[str], str | None]:
    """A function that gives the SHA-256 of the file behind an extractor's name, if there is one.

    It reads each file once, however often it is called.
    """

    @cache
    def digest(extractor: str) -> str | None:
        path = find_weights(extractor, folder)
        return None if path is None else known_sha256(path)

    return digest
