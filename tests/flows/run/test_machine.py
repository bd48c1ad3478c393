"""What a machine computes with: resolved once, and held to by every runner."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from components.runtime import silent
from components.spec.experiment import RunnerSpec
from components.spec.loading import parse_experiment
from components.spec.plan import Compute, Node
from flows.run import machine
from flows.run.execution import produce
from flows.run.machine import accelerator, cores, resolved
from flows.run.outside import plan_here, weights_hashes
from flows.run.single_stage import run_single_stage
from flows.run.stages import THREAD_VARIABLES, prepare_process
from flows.workspace import Workspace


@pytest.fixture(autouse=True)
def _same_threads_after() -> Iterator[None]:
    before, variables = torch.get_num_threads(), dict(os.environ)
    with threadpool_limits():
        yield
    torch.set_num_threads(before)
    for name in THREAD_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update({n: v for n, v in variables.items() if n in THREAD_VARIABLES})


@pytest.mark.parametrize(("have", "workers", "threads"), [(8, 2, 4), (8, 3, 2), (2, 5, 1)])
def test_workers_share_the_cores(
    monkeypatch: pytest.MonkeyPatch, have: int, workers: int, threads: int
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: have)
    runner = RunnerSpec(workers=workers, accelerator="cpu")
    assert resolved(runner) == Compute(threads, "cpu")
    assert resolved(RunnerSpec(workers=workers, threads=7, accelerator="mps")) == Compute(7, "mps")


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({"cpu.max": "150000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_a_containers_share_limits_the_cores(
    tmp_path: Path, files: dict[str, str], share: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    bound = len(os.sched_getaffinity(0))
    assert cores(tmp_path) == min(bound, share or bound)


def test_the_accelerator_is_what_torch_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    found = "gpu" if torch.cuda.is_available() else "cpu"
    found = "mps" if torch.backends.mps.is_available() else found
    assert accelerator() == found
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert accelerator() in ("cpu", "mps")


@pytest.mark.parametrize("count", [1, 2])
def test_every_library_works_with_the_threads_that_a_stage_is_given(count: int) -> None:
    import scipy.linalg  # noqa: F401 - brings a BLAS of its own

    torch.set_num_threads(3 - count)
    threadpool_limits(3 - count)
    prepare_process(count)
    assert torch.get_num_threads() == count
    assert {library["num_threads"] for library in threadpool_info()} == {count}
    assert {os.environ[name] for name in THREAD_VARIABLES} == {str(count)}


SMALL: dict[str, Any] = {
    "name": "small",
    "data": {"source": "digits", "size": 8, "holdout": 0.3},
    "network": {"channels": [16, 32], "layers_per_block": 1},
    "training": {"steps": 3, "batch_size": 64, "warmup_steps": 0, "lr": 0.01, "evaluate_every": 0},
    "runner": {"threads": 2, "accelerator": "cpu"},
}


def published(train: Node, workspace: Workspace) -> bytes:
    """The weights as the store has them."""
    for node in (train.inputs["data"], train):
        directory = produce(node, workspace, silent)
    return (directory / "model.safetensors").read_bytes()


def test_weights_depend_on_the_resolved_threads_alone(fetched: Path, tmp_path: Path) -> None:
    experiment = parse_experiment(SMALL, "the test")
    others = parse_experiment(SMALL | {"runner": {"workers": 2, "threads": 2}}, "the test")
    workspace = Workspace(fetched, tmp_path / "artifacts")
    train, same = (plan_here(each, workspace).cells[0].train for each in (experiment, others))
    assert train.key == same.key
    torch.set_num_threads(1)
    of_a_run = published(train, workspace)
    torch.set_num_threads(2)
    for stage in ("prepare", "train"):
        run_single_stage(stage, others, tmp_path / "pipeline", workspace, silent)
    alone = (tmp_path / "pipeline" / "train" / "model.safetensors").read_bytes()
    assert alone == of_a_run, "`alphabar stage` writes what a run writes"


def test_weights_of_a_judge_are_known_by_their_content(tmp_path: Path) -> None:
    name = "clip:RN50:mine.pt"
    assert weights_hashes(tmp_path)(name) is None
    (tmp_path / "mine.pt").write_bytes(b"a")
    one = weights_hashes(tmp_path)(name)
    (tmp_path / "mine.pt").write_bytes(b"b")
    other = weights_hashes(tmp_path)(name)
    assert None not in (one, other)
    assert one != other
    (tmp_path / "inception-2015-12-05.pt").write_bytes(b"a")
    (tmp_path / "dinov2_vitl14_pretrain.pth").write_bytes(b"b")
    found = [weights_hashes(tmp_path)(extractor) for extractor in ("inception", "dinov2")]
    assert found == [one, other]
    assert weights_hashes(tmp_path)("efficientnet_lite0") is None, "its package has its weights"
