"""Pipelines' directories against diffusers' own pipelines: the same latents and images from the
same noise."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from components.generation import batch_size
from components.generation.asked import prompts_of
from components.generation.denoising import build_denoiser, encode_conditions
from components.generation.generate import generate
from components.generation.sampler import Sampler, load_sampler
from components.networks.conditioners import Given
from components.networks.conditioners.pipeline import pipeline_text
from components.networks.export.folder import save_diffusers
from components.sampling.noise import seeded_noise
from components.spec.model_folder import own_sampling
from components.spec.pipelines.families import FAMILIES
from components.spec.pipelines.folder import read_pipeline
from components.spec.sections.sampling import SamplingSpec
from tests.tiny_pipelines import (
    FLUX_SCHEDULER,
    SD1_SCHEDULER,
    write_flux,
    write_sd1,
    write_sd1_whole_alpha,
    write_sd2,
    write_sd2_zero_snr,
    write_sd3,
    write_sdxl,
)

PROMPTS = ["a red cat", "blue dog"]


DPM_SOLVER = SD1_SCHEDULER | {
    "_class_name": "DPMSolverMultistepScheduler",
    "timestep_spacing": "trailing",
}


def multistep(folder: Path) -> Path:
    return write_sd1(folder, DPM_SOLVER)


def first_order_to_the_first(folder: Path) -> Path:
    return write_sd1(folder, DPM_SOLVER | {"solver_order": 1, "final_sigmas_type": "sigma_min"})


def shifted_by_size(folder: Path) -> Path:
    return write_sd3(folder, FLUX_SCHEDULER, t5=False)


def without_t5(folder: Path) -> Path:
    return write_sd3(folder, t5=False)


KINDS: dict[str, Callable[[Path], Path]] = {
    "sd1": write_sd1,
    "sd1_to_the_image": write_sd1_whole_alpha,
    "sd2": write_sd2,
    "sd2_zero_snr": write_sd2_zero_snr,
    "sdxl": write_sdxl,
    "sd3": write_sd3,
    "sd3_without_t5": without_t5,
    "sd3_shifted_by_size": shifted_by_size,
    "dpm_solver": multistep,
    "dpm_solver_of_first_order": first_order_to_the_first,
}


def drawn(folder: Path, steps: int, guidance: float) -> tuple[Tensor, Tensor, Sampler]:
    """The start's noise, x0, and what has drawn it."""
    settings = own_sampling(folder) | {"steps": steps, "guidance": guidance}
    sampler = load_sampler(folder, SamplingSpec.model_validate(settings))
    conditions = encode_conditions(sampler, prompts_of(sampler.model, PROMPTS, 2))
    noise = seeded_noise([0, 1], sampler.model.codec.shape)
    with torch.inference_mode():
        denoise = build_denoiser(sampler, conditions)
        start = sampler.times.start_scale * noise(-1)
        x0 = sampler.solver(denoise, start, sampler.times, noise=noise, **sampler.options)
    return noise(-1), x0, sampler


def theirs(folder: Path) -> Any:
    """diffusers' pipeline, walking as DDIM does where it is no flow and no DPM-Solver."""
    index = json.loads((folder / "model_index.json").read_text())
    absent = {name: None for name, entry in index.items() if entry == [None, None]}
    pipeline: Any = diffusers.DiffusionPipeline.from_pretrained(
        folder, local_files_only=True, **absent
    )
    pipeline.set_progress_bar_config(disable=True)
    if not isinstance(
        pipeline.scheduler,
        diffusers.FlowMatchEulerDiscreteScheduler | diffusers.DPMSolverMultistepScheduler,
    ):
        pipeline.scheduler = diffusers.DDIMScheduler.from_config(pipeline.scheduler.config)
    return pipeline


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_latents_and_images_are_diffusers_own(kind: str, guidance: float, tmp_path: Path) -> None:
    folder = KINDS[kind](tmp_path / kind)
    noise, x0, sampler = drawn(folder, 10, guidance)
    pipeline = theirs(folder)
    given = {
        "prompt": PROMPTS,
        "num_inference_steps": 10,
        "guidance_scale": guidance,
        "latents": noise,
    }
    expected = pipeline(**given, output_type="latent").images
    assert (x0 - expected).abs().max() <= 1e-4 * max(1.0, float(expected.abs().max()))
    image = pipeline(**given, output_type="pt").images
    assert (sampler.model.codec.decode(x0) / 255 - image).abs().max() <= 0.502 / 255


@pytest.mark.parametrize("steps", [13, 30])
def test_the_grid_that_leads_agrees_at_any_number_of_steps(steps: int, tmp_path: Path) -> None:
    folder = write_sd1(tmp_path / "sd1")
    noise, x0, _ = drawn(folder, steps, 1.0)
    given = {"prompt": PROMPTS, "num_inference_steps": steps, "guidance_scale": 1.0}
    expected = theirs(folder)(**given, latents=noise, output_type="latent").images
    assert (x0 - expected).abs().max() <= 1e-4 * float(expected.abs().max())


@pytest.mark.parametrize("guided", [True, False])
@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_fluxs_latents_are_diffusers_own(
    guided: bool, guidance: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(FAMILIES["FluxPipeline"], sample_size=8)
    monkeypatch.setitem(FAMILIES, "FluxPipeline", small)
    folder = write_flux(tmp_path / "flux", guided=guided)
    noise, x0, _ = drawn(folder, 4, guidance)
    pipeline = theirs(folder)
    expected = pipeline(
        prompt=PROMPTS,
        num_inference_steps=4,
        height=16,
        width=16,
        latents=pipeline._pack_latents(noise, 2, 16, 8, 8),
        output_type="latent",
        true_cfg_scale=guidance,
        negative_prompt=["", ""] if guidance != 1 else None,
    ).images
    expected = pipeline._unpack_latents(expected, 16, 16, 2)
    assert (x0 - expected).abs().max() <= 1e-4 * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("solver", ["dpmpp_2m", "ddim"])
def test_what_was_exported_is_drawn_from_again(solver: str, tmp_path: Path) -> None:
    folder, out = write_sd1_whole_alpha(tmp_path / "sd1"), tmp_path / "out"
    out.mkdir()
    own = own_sampling(folder) | {"solver": solver, "grid": "trailing", "steps": 13}
    save_diffusers(folder, out, SamplingSpec.model_validate(own).model_dump(mode="json"))
    again = own_sampling(out)
    assert (again["solver"], again["grid"], again.get("end")) == (solver, "trailing", None)
    images = []
    for root in (folder, out):
        sampler = load_sampler(root, SamplingSpec.model_validate(own | {"guidance": 3.0}))
        images.append(generate(sampler, prompts_of(sampler.model, PROMPTS, 2)).images)
    assert (images[0] == images[1]).all()


def test_sd3_without_t5_reads_states_as_wide_as_diffusers_takes_them_to_be(
    tmp_path: Path,
) -> None:
    folder = without_t5(tmp_path / "sd3")
    path = folder / "transformer" / "config.json"
    values = json.loads(path.read_text())
    del values["joint_attention_dim"]
    path.write_text(json.dumps(values))
    told = pipeline_text(read_pipeline(folder), Given())
    assert told.width == 4096


def test_captions_change_the_image(tmp_path: Path) -> None:
    _, x0, sampler = drawn(write_sd1(tmp_path / "sd1"), 4, 5.0)
    rows = sampler.model.conditioner.encode([-1, -1], PROMPTS)
    assert rows["encoder_hidden_states"].shape == (2, 77, 16)
    assert (rows["encoder_hidden_states"][0] - rows["encoder_hidden_states"][1]).abs().max() > 0.1
    assert (x0[0] - x0[1]).abs().max() > 0.1


def test_so_many_images_are_drawn_at_once_as_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, sampler = drawn(write_sd1(tmp_path / "sd1"), 2, 5.0)
    asked = prompts_of(sampler.model, PROMPTS, 3)
    whole = generate(sampler, asked).images
    sizes: list[int] = []
    predict = type(sampler.model).predict

    def counted(model: Any, x: Tensor, t: Tensor, rows: Any) -> Tensor:
        sizes.append(len(x))
        return predict(model, x, t, rows)

    monkeypatch.setattr(type(sampler.model), "predict", counted)
    monkeypatch.setattr(batch_size, "PLACES", 2 * 8 * 8)
    parts = generate(sampler, asked).images
    assert set(sizes) == {2, 4}  # with and without the condition
    assert abs(parts.astype(int) - whole.astype(int)).max() <= 1
