"""Snapshots of averages: whole files, rebuilt lengths, and what is refused."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from components.errors import AlphabarError
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.networks.checkpoint_header import read_header
from components.networks.ema_snapshots import (
    FOLDER,
    find_snapshots,
    forget_after,
    rebuild,
    snapshot_steps,
    write_snapshot,
)
from components.networks.posthoc_ema import TRACKED, gamma_of, posthoc_weights
from tests.model_config import model_config


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with snapshots of two lengths at 10, 20, … 100; their weights are random."""
    folder = tmp_path_factory.mktemp("trained")
    network = new_checkpoint(model_config(), seed=0).network
    save_checkpoint(folder, model_config(), network)
    generator = torch.Generator().manual_seed(0)
    for step in snapshot_steps(100, 10):
        for sigma_rel in TRACKED:
            with torch.no_grad():
                for weight in network.parameters():
                    weight.copy_(torch.randn(weight.shape, generator=generator))
            write_snapshot(folder / FOLDER, model_config(), network, sigma_rel, step)
    return folder


def weights_of(folder: Path, **choice: Any) -> dict[str, torch.Tensor]:
    return load_checkpoint(folder, **choice).network.state_dict()


@pytest.mark.parametrize(
    ("total", "count", "steps"),
    [(500, 4, (125, 250, 375, 500)), (10, 3, (4, 7, 10)), (3, 10, (1, 2, 3)), (7, 1, (7,))],
)
def test_snapshots_stand_at_equal_distances_and_at_the_end(
    total: int, count: int, steps: tuple[int, ...]
) -> None:
    assert snapshot_steps(total, count) == steps


def test_a_snapshot_says_what_it_is(trained: Path) -> None:
    path = trained / FOLDER / "0.05-000010.safetensors"
    header = read_header(path)
    assert header.pop("ema") == {"sigma_rel": 0.05, "step": 10}
    assert header == model_config().model_dump(mode="json")
    assert {weight.dtype for weight in load_file(path).values()} == {torch.float32}
    found = [(s.step, s.sigma_rel) for s in find_snapshots(trained / FOLDER)]
    assert found == [(step, s) for step in range(10, 101, 10) for s in TRACKED]


@pytest.mark.parametrize("sigma_rel", TRACKED)
@pytest.mark.parametrize("at_step", [None, 10, 60])
def test_a_length_that_was_tracked_comes_back_as_it_was_written(
    trained: Path, sigma_rel: float, at_step: int | None
) -> None:
    expected = load_file(trained / FOLDER / f"{sigma_rel:.2f}-{at_step or 100:06d}.safetensors")
    rebuilt = weights_of(trained, ema_length=sigma_rel, at_step=at_step)
    assert set(rebuilt) == set(expected)
    for name, weight in expected.items():
        torch.testing.assert_close(rebuilt[name], weight, rtol=1e-6, atol=1e-6)


def test_other_lengths_are_the_weighted_sum_of_all_snapshots_up_to_the_step(trained: Path) -> None:
    rebuilt = weights_of(trained, ema_length=0.12, at_step=80)
    used = [s for s in find_snapshots(trained / FOLDER) if s.step <= 80]
    gammas = np.array([gamma_of(s.sigma_rel) for s in used])
    steps = np.array([float(s.step) for s in used])
    shares = posthoc_weights(gammas, steps, gamma_of(0.12), 80)
    files = [load_file(s.path) for s in used]
    for name, weight in rebuilt.items():
        tensors = np.stack([file[name].numpy().astype(np.float64) for file in files])
        expected = torch.from_numpy(np.tensordot(shares, tensors, 1)).float()
        torch.testing.assert_close(weight, expected, rtol=1e-7, atol=1e-9)


def test_without_a_length_the_published_average_is_loaded(trained: Path) -> None:
    published = load_file(trained / "model.safetensors")
    assert all(torch.equal(w, published[name]) for name, w in weights_of(trained).items())


def test_whole_numbers_among_the_weights_are_the_last_snapshots(tmp_path: Path) -> None:
    network = nn.BatchNorm1d(2)
    for step in (1, 2, 3, 4):
        network(torch.randn(8, 2, generator=torch.Generator().manual_seed(step)))
        for sigma_rel in TRACKED:
            write_snapshot(tmp_path, model_config(), network, sigma_rel, step)
    rebuilt = rebuild(tmp_path, model_config(), 0.08, 3)
    assert rebuilt["num_batches_tracked"].item() == 3
    assert rebuilt["weight"].dtype == torch.float32


def test_the_same_weights_give_the_same_bytes_and_no_half_file_stays(tmp_path: Path) -> None:
    network = nn.Linear(2, 2)
    for name in ("a", "b"):
        write_snapshot(tmp_path / name, model_config(), copy.deepcopy(network), 0.1, 5)
    (a,), (b,) = (list((tmp_path / name).iterdir()) for name in ("a", "b"))
    assert a.name == b.name == "0.10-000005.safetensors"
    assert a.read_bytes() == b.read_bytes()


def test_a_run_that_goes_on_forgets_later_and_half_written_snapshots(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        for sigma_rel in TRACKED:
            write_snapshot(tmp_path, model_config(), nn.Linear(1, 1), sigma_rel, step)
    (tmp_path / ".0.05-000010.safetensors.part").write_bytes(b"half")
    forget_after(tmp_path, 20)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {f"{s:.2f}-{step:06d}.safetensors" for s in TRACKED for step in (10, 20)}
    forget_after(tmp_path, 0)
    assert not list(tmp_path.iterdir())


def test_a_model_without_snapshots_says_how_to_get_them(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, model_config(), new_checkpoint(model_config(), seed=0).network)
    with pytest.raises(AlphabarError, match=r"no EMA snapshots[^!]*training.ema_snapshots: 10"):
        load_checkpoint(tmp_path, ema_length=0.1)


def test_a_step_without_snapshot_is_refused_with_those_that_there_are(trained: Path) -> None:
    with pytest.raises(AlphabarError, match=r"no snapshot at step 55[^!]*10, 20, .*, 100"):
        load_checkpoint(trained, ema_length=0.1, at_step=55)


def test_a_step_alone_makes_no_sense(trained: Path) -> None:
    with pytest.raises(ValueError, match="at_step needs an ema_length"):
        load_checkpoint(trained, at_step=50)


# the figures are those of a numerical integration of the profiles
@pytest.mark.parametrize(
    ("sigma_rel", "at_step", "off", "reach"),
    [
        (0.02, None, "20%", "0.03 to 0.23"),
        (0.01, None, "48%", "0.03 to 0.23"),
        (0.25, None, "14%", "0.03 to 0.23"),
        (0.20, 10, "60%", "0.04 to 0.12"),
    ],
)
def test_a_length_that_the_snapshots_do_not_show_is_refused_with_what_they_show(
    trained: Path, sigma_rel: float, at_step: int | None, off: str, reach: str
) -> None:
    with pytest.raises(AlphabarError) as error:
        load_checkpoint(trained, ema_length=sigma_rel, at_step=at_step)
    assert f"would be {off} off" in error.value.what
    assert f"choose a length from {reach}" in error.value.remedy


@pytest.mark.parametrize(("sigma_rel", "at_step"), [(0.03, None), (0.23, None), (0.12, 10)])
def test_the_ends_of_what_they_show_are_accepted(
    trained: Path, sigma_rel: float, at_step: int | None
) -> None:
    weights = weights_of(trained, ema_length=sigma_rel, at_step=at_step)
    assert all(bool(w.isfinite().all()) for w in weights.values())


def test_another_networks_snapshots_are_refused(tmp_path: Path, trained: Path) -> None:
    other = model_config(size=16)
    save_checkpoint(tmp_path, other, new_checkpoint(other, seed=0).network)
    (tmp_path / FOLDER).symlink_to(trained / FOLDER)
    with pytest.raises(AlphabarError, match="a snapshot of another network"):
        load_checkpoint(tmp_path, ema_length=0.1)


@pytest.mark.parametrize("keep", [0, 7, 4000])
def test_a_snapshot_cut_short_is_named(tmp_path: Path, trained: Path, keep: int) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "model.safetensors").symlink_to(trained / "model.safetensors")
    for path in (trained / FOLDER).iterdir():
        whole = path.read_bytes()
        hurt = path.name == "0.10-000040.safetensors"
        (tmp_path / FOLDER / path.name).write_bytes(whole[:keep] if hurt else whole)
    with pytest.raises(AlphabarError, match=r"0\.10-000040\.safetensors is not a whole alphabar"):
        load_checkpoint(tmp_path, ema_length=0.1)


def test_a_checkpoint_among_the_snapshots_is_named(tmp_path: Path, trained: Path) -> None:
    (tmp_path / "model.safetensors").symlink_to(trained / "model.safetensors")
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "model.safetensors").symlink_to(trained / "model.safetensors")
    with pytest.raises(AlphabarError, match="not a whole alphabar checkpoint"):
        load_checkpoint(tmp_path, ema_length=0.1)
