"""The plain inversion agrees with diffusers' DDIMInverseScheduler.

Theirs starts at the image, so its first entry is the table's first one and its grids are
``leading`` and ``trailing``. With another prediction than ε it splits the network's output at
x_s's own level although the network was told x_t's time; ours splits it at the time that the
network was told, which is no longer the same inversion, and so only ε is compared.
"""

import pytest
import torch
from diffusers import DDIMInverseScheduler

from components.process.prediction import PREDICTIONS
from components.sampling.denoiser import denoiser
from components.sampling.inversion import invert
from components.sampling.noise import seeded_noise
from components.sampling.times import time_grid
from tests.reference.schedulers import (
    SEEDS,
    SHAPE,
    diffusers_options,
    discrete_schedule,
    network,
    relative_error,
)


@pytest.mark.parametrize("name", ["linear", "scaled_linear", "cosine", "sigmoid"])
@pytest.mark.parametrize("grid", ["leading", "trailing"])
@pytest.mark.parametrize("steps", [10, 25, 50])
def test_plain_inversion_agrees_with_diffusers(name: str, grid: str, steps: int) -> None:
    schedule = discrete_schedule(name)
    theirs = DDIMInverseScheduler(
        **diffusers_options(schedule, "eps"),
        clip_sample=False,
        set_alpha_to_one=True,  # below the first entry lies the clean image, as on our grids
        timestep_spacing=grid,
    )
    theirs.set_timesteps(steps)
    image = 0.5 * seeded_noise(SEEDS, SHAPE)(-1)
    x = image
    for t in theirs.timesteps:
        x = theirs.step(network(x, t.expand(len(x)).float()), int(t), x).prev_sample
    denoise = denoiser(lambda x, t: network(x, schedule.timestep(t)), schedule, PREDICTIONS["eps"])
    ours = invert(denoise, image, time_grid(schedule, steps, grid), refinements=0)
    assert relative_error(ours, x) < 1e-4
    assert bool(torch.isfinite(ours).all())
