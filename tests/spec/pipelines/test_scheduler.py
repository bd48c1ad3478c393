"""Schedulers' files against diffusers' own classes, which make the tables."""

import inspect
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler

from components.errors import AlphabarError
from components.process.schedules import build_schedule
from components.sampling.times import time_grid
from components.spec.pipelines.scheduler import ReadScheduler, read_scheduler
from components.spec.pipelines.scheduler_classes import CLASSES, USUAL
from tests.tiny_pipelines import (
    FLUX_SCHEDULER,
    SD1_SCHEDULER,
    SD2_SCHEDULER,
    SD3_SCHEDULER,
    SDXL_SCHEDULER,
)

PATH = Path("model/scheduler/scheduler_config.json")
TABLES = {
    "sd1": SD1_SCHEDULER,
    "sd2": SD2_SCHEDULER,
    "sdxl": SDXL_SCHEDULER,
    "zero_snr": SD2_SCHEDULER | {"rescale_betas_zero_snr": True},
    "linear": {"_class_name": "DDPMScheduler"},
    "other_linear": SD1_SCHEDULER | {"beta_schedule": "linear"},
    "short": SD1_SCHEDULER | {"num_train_timesteps": 100},
    "cosine": SD1_SCHEDULER | {"beta_schedule": "squaredcos_cap_v2"},
    "trained": SD1_SCHEDULER
    | {"num_train_timesteps": 4, "trained_betas": [0.1, 0.2, 0.3, 0.4], "steps_offset": 0},
}


def read(values: dict[str, Any], offset: int | None = None, tokens: int = 4096) -> ReadScheduler:
    return read_scheduler(PATH, values, offset=offset, tokens=tokens)


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_diffusers_own(name: str) -> None:
    schedule = build_schedule(read(TABLES[name]).process.model_dump())
    theirs = DDIMScheduler.from_config(TABLES[name]).alphas_cumprod
    assert schedule.alphas_cumprod is not None
    torch.testing.assert_close(schedule.alphas_cumprod.float(), theirs, rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl", "short"])
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
def test_the_times_are_diffusers_own(name: str, spacing: str) -> None:
    values = TABLES[name] | {"timestep_spacing": spacing}
    found = read(values)
    assert found.sampling["grid"] == spacing
    schedule = build_schedule(found.process.model_dump())
    for steps in (2, 10, 13, 20, 50):  # of one step of `linspace`, ours is the noisiest
        theirs = DDIMScheduler.from_config(values)
        theirs.set_timesteps(steps)
        told = schedule.timestep(time_grid(schedule, steps, spacing).t[:-1])
        assert told.tolist() == theirs.timesteps.tolist()


def test_an_offset_goes_as_far_as_the_table_does() -> None:
    schedule = build_schedule(read(SD1_SCHEDULER).process.model_dump())
    assert float(time_grid(schedule, 1000, "leading").t[0]) == 1


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_file_leaves_out_is_what_diffusers_takes(name: str) -> None:
    known = CLASSES[name]
    theirs = inspect.signature(getattr(diffusers, name).__init__).parameters
    ours = {**USUAL, **known.usual, **known.followed, **dict.fromkeys(known.refused)}
    for key in ours.keys() & theirs.keys():
        expected = theirs[key].default
        assert ours[key] == expected or (key in known.refused and not expected), key
    assert {*known.usual, *known.followed, *known.refused} <= theirs.keys()


def test_euler_goes_from_end_to_end_and_pndm_to_the_tables_first() -> None:
    assert read({"_class_name": "EulerDiscreteScheduler"}).sampling["grid"] == "linspace"
    pndm = read({"_class_name": "PNDMScheduler"}).sampling
    assert (pndm["grid"], pndm["end"]) == ("leading", "first")


DPM = {"_class_name": "DPMSolverMultistepScheduler", "timestep_spacing": "trailing"}


@pytest.mark.parametrize(
    ("change", "sampling", "unfollowed"),
    [
        ({}, {"solver": "dpmpp_2m"}, ()),
        ({"solver_order": 1}, {"solver": "ddim"}, ()),
        (
            {"solver_order": 1, "final_sigmas_type": "sigma_min"},
            {"solver": "ddim", "end": "first"},
            (),
        ),
        (
            {"final_sigmas_type": "sigma_min"},
            {"solver": "dpmpp_2m"},
            ("`final_sigmas_type: sigma_min`",),
        ),
        ({"solver_order": 3}, {"solver": "dpmpp_2m"}, ("`solver_order: 3`",)),
        (
            {"use_karras_sigmas": True, "algorithm_type": "sde-dpmsolver++"},
            {"solver": "dpmpp_2m"},
            ("`use_karras_sigmas: True`", "`algorithm_type: sde-dpmsolver++`"),
        ),
    ],
)
def test_dpm_solver_is_drawn_with_ours_and_what_is_not_followed_is_known(
    change: dict[str, Any], sampling: dict[str, Any], unfollowed: tuple[str, ...]
) -> None:
    found = read(DPM | change)
    assert found.sampling == {"grid": "trailing", **sampling}
    assert found.unfollowed == unfollowed


@pytest.mark.parametrize("kind", CLASSES)
def test_an_x0_that_diffusers_clips_is_said_not_to_be(kind: str) -> None:
    theirs = inspect.signature(getattr(diffusers, kind).__init__).parameters
    clips = theirs["clip_sample"].default if "clip_sample" in theirs else False
    said = "`clip_sample: True`"
    assert (said in read({"_class_name": kind}).unfollowed) == clips
    assert said not in read({"_class_name": kind, "clip_sample": False}).unfollowed


def test_a_solver_that_is_not_ours_is_not_followed() -> None:
    assert read(SD1_SCHEDULER).unfollowed == ("`_class_name: PNDMScheduler`",)
    assert read(SDXL_SCHEDULER).unfollowed == ()


@pytest.mark.parametrize("steps", [1, 7, 28])
def test_a_flows_times_are_diffusers_own(steps: int) -> None:
    schedule = build_schedule(read(SD3_SCHEDULER).process.model_dump())
    theirs = FlowMatchEulerDiscreteScheduler.from_config(SD3_SCHEDULER)
    theirs.set_timesteps(steps)
    times = time_grid(schedule, steps, "flow_match")
    torch.testing.assert_close(times.sigma.float(), theirs.sigmas, rtol=1e-5, atol=1e-7)


def test_a_shift_follows_the_number_of_tokens_as_fluxs_does() -> None:
    schedule = build_schedule(read(FLUX_SCHEDULER, tokens=1024).process.model_dump())
    theirs = FlowMatchEulerDiscreteScheduler.from_config(FLUX_SCHEDULER)
    mu = 0.5 + (1024 - 256) * (1.15 - 0.5) / (4096 - 256)
    theirs.set_timesteps(sigmas=[1.0, 0.75, 0.5, 0.25], mu=mu)
    times = time_grid(schedule, 4, "trailing")
    torch.testing.assert_close(times.sigma.float(), theirs.sigmas, rtol=1e-5, atol=1e-7)


def test_the_pipelines_own_offset_and_end_are_taken() -> None:
    old = {"_class_name": "DDIMScheduler", "steps_offset": 0, "set_alpha_to_one": False}
    assert read(old, offset=1).process.steps_offset == 1
    assert read(old).process.steps_offset == 0
    assert read(old).sampling["end"] == "first"
    assert "end" not in read({"_class_name": "DDIMScheduler"}).sampling


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"_class_name": "CosmosScheduler"}, "`_class_name: 'CosmosScheduler'` is not known"),
        ({"_class_name": ["DDIMScheduler"]}, "is not known"),
        ({"timestep_spacing": ["leading"]}, "is not known"),
        ({"prediction_type": "flow"}, "`prediction_type: 'flow'` is not known"),
        ({"beta_schedule": "exp"}, "`beta_schedule: 'exp'` is not known"),
        ({"num_train_timesteps": 10**9}, "is not within 2 and 10000"),
        ({"num_train_timesteps": 2.5}, "is no whole number"),
        ({"beta_start": "low"}, "is no number"),
        ({"beta_end": 7}, "is not within"),
        ({"timestep_spacing": "odd"}, "is not known"),
        ({"rescale_betas_zero_snr": 1}, "is neither true nor false"),
        ({"rescale_betas_zero_snr": True}, "says nothing about the image where the SNR is 0"),
        ({"trained_betas": [0.1]}, "is no list of 1000 numbers"),
        ({"trained_betas": [1.5] * 1000}, "not within 0 and 1"),
        ({"trained_betas": ["x"] * 1000}, "not within 0 and 1"),
    ],
)
def test_what_is_not_known_or_out_of_range_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(AlphabarError, match=said) as caught:
        build_schedule(read(SD1_SCHEDULER | change).process.model_dump())
    assert str(PATH) in caught.value.what


@pytest.mark.parametrize(
    "change",
    [
        {"shift_terminal": 0.1},
        {"shift": -1.0},
        {"num_train_timesteps": 500},
        {"use_karras_sigmas": True},
        {"use_beta_sigmas": True},
        {"use_exponential_sigmas": True},
    ],
)
def test_a_flow_that_is_walked_otherwise_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(AlphabarError, match=next(iter(change))):
        read(SD3_SCHEDULER | change)
