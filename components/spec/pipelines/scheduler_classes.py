"""Classes of diffusers' schedulers that are read: what each takes where its file does not say, and
what of it the drawing does not follow."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

USUAL: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.0001,
    "beta_end": 0.02,
    "beta_schedule": "linear",
    "trained_betas": None,
    "prediction_type": "epsilon",
    "rescale_betas_zero_snr": False,
    "set_alpha_to_one": True,
    "clip_sample": True,
    "steps_offset": 0,
    "timestep_spacing": "linspace",
    "solver_order": 2,
    "final_sigmas_type": "zero",
    "shift": 1.0,
    "use_dynamic_shifting": False,
    "base_shift": 0.5,
    "max_shift": 1.15,
    "base_image_seq_len": 256,
    "max_image_seq_len": 4096,
    "time_shift_type": "exponential",
}
"""Key → what diffusers takes where a file has it not, but for the classes that say otherwise."""

_SIGMAS = {"use_karras_sigmas": False, "use_exponential_sigmas": False, "use_beta_sigmas": False}
_X0 = {"thresholding": False}
_ENDS = {"sigma_min": None, "sigma_max": None}
_LEADING = {"timestep_spacing": "leading"}
_STRONGER = {"beta_start": 0.00085, "beta_end": 0.012}
_DPM_SOLVER = {
    **_SIGMAS,
    **_X0,
    "algorithm_type": "dpmsolver++",
    "solver_type": "midpoint",
    "lambda_min_clipped": -math.inf,
}


@dataclass(frozen=True)
class SchedulerClass:
    """What is known of a class.

    Attributes:
        same: whether a solver of ours draws as it does.
        usual: key → what it takes where a file has it not, if not as `USUAL`.
        followed: key → the value that the drawing follows, which is also its default; another one
            is said not to be followed.
        clips: whether it holds x0 within [−1, 1] where `clip_sample` says so, which the drawing
            never does with latents.
        refused: keys of which no value but false or none is read.
        flow: whether it is a rectified flow's.
        multistep: whether `solver_order` says its solver, and `final_sigmas_type` its last step.
    """

    same: bool = False
    usual: Mapping[str, Any] = field(default_factory=dict)
    followed: Mapping[str, Any] = field(default_factory=dict)
    clips: bool = False
    refused: tuple[str, ...] = ()
    flow: bool = False
    multistep: bool = False


_OF_FLOWS = ("use_flow_sigmas",)

CLASSES: dict[str, SchedulerClass] = {
    "DDIMScheduler": SchedulerClass(True, _LEADING, _X0, clips=True),
    "DDPMScheduler": SchedulerClass(usual=_LEADING, followed=_X0, clips=True),
    "DEISMultistepScheduler": SchedulerClass(followed=_SIGMAS | _X0, refused=_OF_FLOWS),
    "DPMSolverMultistepScheduler": SchedulerClass(
        True,
        followed=_DPM_SOLVER | {"use_lu_lambdas": False},
        refused=_OF_FLOWS,
        multistep=True,
    ),
    "DPMSolverSinglestepScheduler": SchedulerClass(followed=_DPM_SOLVER, refused=_OF_FLOWS),
    "EulerAncestralDiscreteScheduler": SchedulerClass(),
    "EulerDiscreteScheduler": SchedulerClass(
        True,
        followed=_SIGMAS
        | _ENDS
        | {
            "interpolation_type": "linear",
            "timestep_type": "discrete",
            "final_sigmas_type": "zero",
        },
    ),
    "HeunDiscreteScheduler": SchedulerClass(
        usual=_STRONGER | {"clip_sample": False}, followed=_SIGMAS, clips=True
    ),
    "KDPM2AncestralDiscreteScheduler": SchedulerClass(usual=_STRONGER, followed=_SIGMAS),
    "KDPM2DiscreteScheduler": SchedulerClass(usual=_STRONGER, followed=_SIGMAS),
    "LMSDiscreteScheduler": SchedulerClass(followed=_SIGMAS),
    "PNDMScheduler": SchedulerClass(usual=_LEADING | {"set_alpha_to_one": False}),
    "UniPCMultistepScheduler": SchedulerClass(followed=_SIGMAS | _X0 | _ENDS, refused=_OF_FLOWS),
    "FlowMatchEulerDiscreteScheduler": SchedulerClass(
        True,
        refused=("invert_sigmas", "stochastic_sampling", "shift_terminal", *_SIGMAS),
        flow=True,
    ),
    "FlowMatchHeunDiscreteScheduler": SchedulerClass(flow=True),
}
