"""Snapshots of power-function averages: files beside a checkpoint, and what is rebuilt from them.

    ema/0.05-000125.safetensors     σ_rel 0.05 after step 125
    ema/0.10-000125.safetensors

Each is a whole checkpoint in float32 whose header has ``ema`` (sigma_rel, step) besides what
that of model.safetensors says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from components.errors import AlphabarError
from components.files.put import put, remove_parts
from components.networks.checkpoint_header import broken, read_header
from components.networks.posthoc_ema import Array, gamma_of, posthoc_weights, profile_error
from components.networks.weights_file import read_weights, write_weights
from components.spec.model_config import ModelConfig, parse_config

FOLDER = "ema"
SUFFIX = ".safetensors"

LARGEST_ERROR = 0.1
"""The `profile_error` up to which a length is rebuilt: with this much the average keeps a tenth
of its own fluctuation as error. Ten snapshots then reach from σ_rel 0.03 to 0.23."""

LENGTHS = np.arange(0.01, 0.2501, 0.005)
"""The lengths that an error message looks through."""


@dataclass(frozen=True)
class Snapshot:
    """One file: the average of ``sigma_rel`` after ``step``, of the network of ``config``."""

    path: Path
    sigma_rel: float
    step: int
    config: ModelConfig


def snapshot_steps(total: int, count: int) -> tuple[int, ...]:
    """``count`` steps at equal distances, the last one ``total``; every step if they are fewer."""
    return tuple(sorted({-(-k * total // count) for k in range(1, count + 1)}))


def write_snapshot(
    folder: Path, config: ModelConfig, average: nn.Module, sigma_rel: float, step: int
) -> None:
    """Put one snapshot in place, whole or not at all; the same weights give the same bytes."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{sigma_rel:.2f}-{step:06d}{SUFFIX}"
    header = config.model_dump(mode="json") | {"ema": {"sigma_rel": sigma_rel, "step": step}}
    with put(path) as part:
        write_weights(part, header, average.state_dict())


def find_snapshots(folder: Path) -> list[Snapshot]:
    """The folder's snapshots by step and σ_rel; none where there is no folder.

    Raises:
        AlphabarError: a file is broken or no snapshot.
    """
    snapshots = []
    for path in folder.glob(f"*{SUFFIX}"):
        header = read_header(path)
        try:
            ema = header.pop("ema")
            sigma_rel, step = float(ema["sigma_rel"]), int(ema["step"])
        except (KeyError, TypeError, ValueError) as error:
            raise broken(path, error) from error
        config = parse_config(header, f"the header of {path}")
        snapshots.append(Snapshot(path, sigma_rel, step, config))
    return sorted(snapshots, key=lambda s: (s.step, s.sigma_rel))


def forget_after(folder: Path, step: int) -> None:
    """Remove what a run that goes on after ``step`` writes again, and half-written files."""
    remove_parts(folder)
    for snapshot in find_snapshots(folder):
        if snapshot.step > step:
            snapshot.path.unlink()


def rebuild(
    folder: Path, config: ModelConfig, sigma_rel: float, at_step: int | None = None
) -> dict[str, Tensor]:
    """The state of the average of length ``sigma_rel``, from the snapshots in ``folder``.

    Args:
        config: of the network that the snapshots must belong to.
        at_step: one of the snapshots' steps; None for the last. Later snapshots are not used.

    Raises:
        AlphabarError: there are no snapshots, none at that step, they are another network's, or
            they are too few for that length.
        ValueError: the length is not within (0, 0.289).
    """
    found = find_snapshots(folder)
    if not found:
        raise AlphabarError(
            f"{folder} has no EMA snapshots, so no other EMA length can be rebuilt",
            "train with `training.ema_snapshots: 10` (a registered or exported model has none: "
            "give artifacts/train/<key>)",
        )
    stranger = next((s for s in found if s.config != config), None)
    if stranger is not None:
        raise AlphabarError(
            f"{stranger.path} is a snapshot of another network than the model beside it",
            "keep a model and its `ema` folder together as training published them",
        )
    steps = sorted({s.step for s in found})
    step = steps[-1] if at_step is None else at_step
    if step not in steps:
        raise AlphabarError(
            f"{folder} has no snapshot at step {step}", f"choose from {', '.join(map(str, steps))}"
        )
    used = [s for s in found if s.step <= step]
    return _combined([s.path for s in used], _shares(used, sigma_rel, step))


def _shares(used: Sequence[Snapshot], sigma_rel: float, step: int) -> Array:
    """The snapshots' shares in the average of ``sigma_rel`` at ``step``.

    Refuses a profile that theirs do not add up to.
    """
    gammas = np.array([gamma_of(s.sigma_rel) for s in used])
    steps = np.array([s.step for s in used], dtype=np.float64)

    def fit(candidate: float) -> tuple[Array, float]:
        target = gamma_of(candidate), float(step)
        shares = posthoc_weights(gammas, steps, *target)
        return shares, profile_error(gammas, steps, shares, *target)

    shares, error = fit(sigma_rel)
    if error > LARGEST_ERROR:
        reached = [x for x in LENGTHS if fit(float(x))[1] <= LARGEST_ERROR]
        raise AlphabarError(
            f"EMA length {sigma_rel:g} cannot be rebuilt from the snapshots up to step {step} "
            f"({len(set(steps))} of each average): its profile would be {error:.0%} off, "
            f"{LARGEST_ERROR:.0%} is allowed",
            f"choose a length from {min(reached):.3g} to {max(reached):.3g}, or train with more "
            "`training.ema_snapshots`",
        )
    return shares


def _combined(paths: Sequence[Path], shares: Array) -> dict[str, Tensor]:
    """Σ share · weights in float32, summed in float64; whole numbers are the last file's.

    One tensor of one file is read at a time, so that memory holds one sum for each weight
    however many files there are.
    """
    sums: dict[str, Tensor] = {}
    for path, share in zip(paths, shares.tolist(), strict=True):
        for name, tensor in read_weights(path):
            if not tensor.is_floating_point():
                sums[name] = tensor
            elif name in sums:
                sums[name].add_(tensor, alpha=share)
            else:
                sums[name] = tensor.double().mul_(share)
    for name, total in sums.items():
        sums[name] = total.float() if total.is_floating_point() else total
    return sums
