"""Pipelines that were read in are written out again: the same images, and the same tensors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline, StableDiffusionXLPipeline

from components.errors import AlphabarError
from components.generation.asked import prompts_of
from components.generation.generate import generate
from components.generation.sampler import Sampler, load_sampler
from components.networks.checkpoint import (
    Checkpoint,
    load_checkpoint,
    new_checkpoint,
    save_checkpoint,
)
from components.networks.codecs.autoencoder import config_of
from components.networks.codecs.autoencoder_files import read_pretrained, write_autoencoder
from components.networks.export.folder import save_diffusers
from components.networks.pipeline import pipeline_config, read_denoiser
from components.spec.model_folder import own_sampling
from components.spec.pipelines.folder import PipelineFolder, read_pipeline
from components.spec.sections.sampling import SamplingSpec
from tests.tiny_pipelines import (
    write_sd1,
    write_sd1_whole_alpha,
    write_sd2_zero_snr,
    write_sd3,
    write_sdxl,
)

PROMPTS = ["a red cat", "blue dog"]
COUNTS = (10, 13, 20, 30, 50, 60)


KINDS: dict[str, Any] = {
    "sd1": (write_sd1, StableDiffusionPipeline, "DDIMScheduler"),
    "sd1_to_the_image": (write_sd1_whole_alpha, StableDiffusionPipeline, "DDIMScheduler"),
    "sd2": (write_sd2_zero_snr, StableDiffusionPipeline, "DPMSolverMultistepScheduler"),
    "sdxl": (write_sdxl, StableDiffusionXLPipeline, "DDIMScheduler"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipeline_that_was_read_in_is_written_out_the_same(kind: str, tmp_path: Path) -> None:
    write, pipeline, scheduler = KINDS[kind]
    folder, out = write(tmp_path / kind), tmp_path / "out"
    (folder / "LICENSE").write_text("its own terms")
    out.mkdir()
    settings = SamplingSpec.model_validate(own_sampling(folder))
    written = save_diffusers(folder, out, settings.model_dump(mode="json"), single_file="out")
    assert written.left_behind == []
    assert (out / "LICENSE").read_text() == "its own terms"
    found = DiffusionPipeline.from_pretrained(out, local_files_only=True)
    single = pipeline.from_single_file(
        str(out / "out.safetensors"), config=str(out), local_files_only=True
    )
    original = pipeline.from_pretrained(folder, local_files_only=True, safety_checker=None)
    assert type(found) is pipeline
    assert type(found.scheduler).__name__ == scheduler
    for key in ("beta_schedule", "beta_start", "prediction_type", "num_train_timesteps"):
        assert found.scheduler.config[key] == original.scheduler.config[key], key
    if scheduler == "DDIMScheduler":
        own = {"steps_offset": 1, "set_alpha_to_one": kind == "sd1_to_the_image"}
        assert {key: found.scheduler.config[key] for key in own} == own
    for name, part in original.components.items():
        if isinstance(part, torch.nn.Module):
            for other in (found, single):
                weights = other.components[name].state_dict()
                assert all(torch.equal(weights[k], v) for k, v in part.state_dict().items()), name
    for steps in COUNTS:
        asked = settings.model_copy(update={"steps": steps})
        sampler = load_sampler(folder, asked)
        expected = generate(sampler, prompts_of(sampler.model, PROMPTS, 2)).images
        for each in (found, single) if steps == 13 else (found,):
            drawn = each(
                PROMPTS,
                num_inference_steps=steps,
                guidance_scale=settings.guidance,
                generator=[torch.Generator().manual_seed(k) for k in (0, 1)],
            ).images
            pixels = np.stack([np.asarray(image) for image in drawn]).astype(int)
            assert np.abs(pixels - expected).max() <= 1


@pytest.mark.parametrize("kind", ["sd1", "sdxl"])
def test_one_that_was_trained_further_on_larger_images_is_drawn_at_their_size(
    kind: str, tmp_path: Path
) -> None:
    folder, out = KINDS[kind][0](tmp_path / kind), tmp_path / "out"
    directory = read_pipeline(folder)
    side = 2 * directory.size
    model = _trained_further(directory, tmp_path, side)
    out.mkdir()
    settings = SamplingSpec.model_validate({**own_sampling(folder), "steps": 2, "guidance": 2.0})
    written = save_diffusers(tmp_path, out, settings.model_dump(mode="json"))
    assert written.left_behind == []
    assert f"{side} × {side} pixels" in (out / "README.md").read_text()
    pipeline = DiffusionPipeline.from_pretrained(out, local_files_only=True)
    assert type(pipeline) is KINDS[kind][1]
    drawn = pipeline(
        PROMPTS,
        num_inference_steps=2,
        guidance_scale=2.0,
        generator=[torch.Generator().manual_seed(k) for k in (0, 1)],
    ).images
    expected = generate(Sampler(model, settings), prompts_of(model, PROMPTS, 2)).images
    assert expected.shape == (2, side, side, 3)
    assert (
        np.abs(np.stack([np.asarray(image) for image in drawn]) - expected.astype(int)).max() <= 1
    )


def _trained_further(directory: PipelineFolder, out: Path, side: int) -> Checkpoint:
    """A model in ``out`` as training from the directory on images of ``side`` leaves it."""
    vae = out / "autoencoder"
    write_autoencoder(vae, read_pretrained(directory.root / "vae", 3))
    config = pipeline_config(directory)
    images = config.images.model_copy(update={"size": side})
    config = config.model_copy(update={"images": images, "codec": config_of(vae, "autoencoder")})
    model = new_checkpoint(config, 0, codec=vae, network=read_denoiser(directory))
    save_checkpoint(out, config, model.network, model.codec)
    return load_checkpoint(out)


def test_what_is_not_exported_is_named(tmp_path: Path) -> None:
    folder = write_sd3(tmp_path / "sd3")
    with pytest.raises(AlphabarError, match="is of Stable Diffusion 3, which is not exported"):
        save_diffusers(folder, tmp_path, SamplingSpec().model_dump(mode="json"))
