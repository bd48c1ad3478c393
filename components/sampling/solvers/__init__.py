"""Solvers by name, all with one signature:

    solver(denoise, x, times, *, noise, callback=None, **options) -> x0

x: (batch, channel, height, width), noise at ``times.t[0]``; ``callback(step)`` after each step.
``options`` are those that `components.spec.catalogue.SOLVERS` names for the solver.
"""

from collections.abc import Callable

from torch import Tensor

from components.sampling.solvers.consistency import consistency
from components.sampling.solvers.ddim import ddim
from components.sampling.solvers.ddpm import ddpm
from components.sampling.solvers.dpmpp_2m import dpmpp_2m
from components.sampling.solvers.dpmpp_2m_sde import dpmpp_2m_sde
from components.sampling.solvers.euler import euler
from components.sampling.solvers.euler_ancestral import euler_ancestral
from components.sampling.solvers.heun import heun
from components.sampling.solvers.langevin import langevin
from components.sampling.solvers.predictor_corrector import predictor_corrector
from components.sampling.solvers.rk45 import rk45
from components.sampling.solvers.unipc import unipc

Solver = Callable[..., Tensor]
"""The signature above; a test holds every entry to it."""

SOLVERS: dict[str, Solver] = {
    "ddim": ddim,
    "ddpm": ddpm,
    "euler": euler,
    "euler_ancestral": euler_ancestral,
    "heun": heun,
    "dpmpp_2m": dpmpp_2m,
    "dpmpp_2m_sde": dpmpp_2m_sde,
    "unipc": unipc,
    "rk45": rk45,
    "langevin": langevin,
    "predictor_corrector": predictor_corrector,
    "consistency": consistency,
}
