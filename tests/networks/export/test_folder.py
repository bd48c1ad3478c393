"""An exported folder's README, run as it stands, draws what alphabar draws."""

import re
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from components.errors import AlphabarError
from components.generation.batches import to_images
from components.generation.denoising import build_denoiser, encode_conditions
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.networks.codecs.autoencoder import config_of
from components.networks.codecs.autoencoder_files import write_autoencoder, write_scale
from components.networks.denoisers import DENOISERS, Denoiser
from components.networks.export.export import left_behind
from components.networks.export.folder import save_diffusers
from components.process.schedules import SCHEDULES
from components.sampling.noise import seeded_noise
from components.spec.catalogue import CODECS, CONDITIONERS, PREDICTIONS
from components.spec.catalogue import SCHEDULES as ENTRIES
from components.spec.sections.codec import CodecSpec
from components.spec.sections.network import NetworkSpec
from components.spec.sections.sampling import SamplingSpec
from components.training.autoencoder import new_autoencoder
from tests.decibels import decibels
from tests.model_config import model_config

NETWORKS = {
    "unet": {"kind": "unet", "channels": [16], "layers_per_block": 1},
    "transformer": {"kind": "transformer", "patch": 2, "depth": 1, "width": 16, "heads": 2},
}
STEPS = cycle((10, 13, 20, 10, 13, 30))
STRONGER = ("conv_out.weight", "class_embedding", "time_emb_proj", "attn2.to_out")
SCHEDULE = {"flow": "rectified_flow", "edm": "edm"}
DOGS = "two dogs " + "that run after another dog " * 10
PROMPTS = {"class": ["a", "c"], "minilm": ["a red ball", DOGS], "none": ["", ""]}


def export(
    folder: Path,
    process: dict[str, Any],
    encoder: str,
    codec: str = "pixels",
    network: str = "unet",
    **sampling: Any,
) -> SamplingSpec:
    """A new model in ``folder``, and its export in ``folder``/out."""
    section = NetworkSpec.model_validate(NETWORKS[network]).settled()
    config = model_config(encoder, captions=["a red ball", "a cat", DOGS], **process)
    config = config.model_copy(update={"network": section})
    weights = None
    if CODECS[codec].learnt:
        weights = folder / "autoencoder"
        write_autoencoder(weights, new_autoencoder(CodecSpec(kind=codec, width=8, downsample=2), 1))
        write_scale(weights, mean=0.5, deviation=2.0)
        config = config.model_copy(update={"codec": config_of(weights, codec)})
    model = new_checkpoint(config, seed=0, codec=weights)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # so that x0 leaves the range of pixels, and conditions are seen
        for name, weights in model.network.named_parameters():
            if network == "unet":
                weights.mul_(3 if any(part in name for part in STRONGER) else 1)
            else:
                weights.add_(torch.randn(weights.shape, generator=generator) / 4)
    save_checkpoint(folder, config, model.network, model.codec)
    (folder / "out").mkdir()
    spec = SamplingSpec(**sampling)
    save_diffusers(folder, folder / "out", spec.model_dump(mode="json"))
    return spec


@torch.inference_mode()
def ours(folder: Path, spec: SamplingSpec, encoder: str) -> tuple[Tensor, np.ndarray[Any, Any]]:
    """x0 as our solver draws it, and the images."""
    model = load_checkpoint(folder)
    classes = [0, 2] if encoder == "class" else [-1, -1]
    sampler = Sampler(model, spec)
    conditions = encode_conditions(sampler, Prompts.of(classes, PROMPTS[encoder]))
    noise, times = seeded_noise([0, 1], model.codec.shape), sampler.times
    denoise = build_denoiser(sampler, conditions)
    x0 = sampler.solver(denoise, times.start_scale * noise(-1), times, noise=noise)
    return x0, to_images(x0, model)


def blocks(folder: Path) -> list[str]:
    """The README's code: with the pipeline, and by hand."""
    found = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert len(found) == 2
    return found


def run(block: str) -> dict[str, Any]:
    """What a user has who typed the block."""
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102 - the README is what is tested
    return names


def pixels(images: list[Any]) -> np.ndarray[Any, Any]:
    return np.stack([np.asarray(image) for image in images])[..., None].astype(int)


CASES = list(
    zip(
        product(CODECS, [name for name in CONDITIONERS.own if name in PROMPTS], PREDICTIONS),
        cycle(NETWORKS),
        cycle(("ddim", "ddim", "dpmpp_2m", "dpmpp_2m")),
        strict=False,
    )
)


NAMES = ["-".join((*model, network, solver)) for model, network, solver in CASES]


@pytest.mark.parametrize(("model", "network", "solver"), CASES, ids=NAMES)
def test_the_folder_draws_what_alphabar_draws(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: tuple[str, str, str],
    network: str,
    solver: str,
) -> None:
    codec, encoder, prediction = model
    process = {"schedule": SCHEDULE.get(prediction, "cosine"), "prediction": prediction}
    sampling = {"steps": next(STEPS), "solver": solver, "guidance": 2.0}
    spec = export(tmp_path, process, encoder, codec, network, **sampling)
    monkeypatch.chdir(tmp_path / "out")
    assert "not exported" not in Path("README.md").read_text()
    x0, images = ours(tmp_path, spec, encoder)
    with_pipeline, by_hand = (run(block) for block in blocks(Path()))
    assert np.abs(pixels(with_pipeline["images"]) - images).max() <= 1
    assert np.abs(by_hand["pixels"].permute(0, 2, 3, 1).int().numpy() - images).max() <= 1
    # with what the model is known by, where the call says nothing
    prompts = None if encoder == "none" else PROMPTS[encoder]
    generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
    pipeline = with_pipeline["pipeline"]
    plain = pipeline(prompts, generator=generators, output_type="latent").images
    reach = x0.abs().max().clamp(min=1)  # latents know no bounds
    assert decibels(plain / reach, x0 / reach) > 60
    if prompts:
        one, other = (
            pipeline(asked, 1, generator=torch.Generator().manual_seed(0), output_type="pt").images
            for asked in (prompts[0], prompts[1])
        )
        assert decibels(one, other) < 40


def test_a_count_at_which_rounding_adds_a_step_agrees_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = {"schedule": "cosine", "prediction": "v"}
    spec = export(tmp_path, process, "class", steps=61, guidance=2.0, clip=False)
    monkeypatch.chdir(tmp_path / "out")
    _, images = ours(tmp_path, spec, "class")
    with_pipeline, by_hand = (run(block) for block in blocks(Path()))
    assert np.abs(pixels(with_pipeline["images"]) - images).max() <= 1
    assert np.abs(by_hand["pixels"].permute(0, 2, 3, 1).int().numpy() - images).max() <= 1


def test_a_negative_prompt_goes_along_and_can_be_given_for_each_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = export(tmp_path, {}, "class", steps=4, guidance=3.0, negative_prompt="b")
    monkeypatch.chdir(tmp_path / "out")
    assert "negative prompt `b`" in Path("README.md").read_text()
    pipeline = run(blocks(Path())[0])["pipeline"]
    noise = seeded_noise([0, 1], (1, 8, 8))(-1)
    known = pipeline(["a", "c"], latents=noise, output_type="latent").images
    assert decibels(known, ours(tmp_path, spec, "class")[0]) > 60
    other = pipeline(
        ["a", "c"], latents=noise, negative_prompt=["b", "a"], output_type="latent"
    ).images
    assert decibels(other[:1], known[:1]) > 60
    assert decibels(other[1:], known[1:]) < 40
    with pytest.raises(ValueError, match="3 negative prompts do not go with 2 images"):
        pipeline(["a", "c"], negative_prompt=["a", "b", "c"])


def test_several_images_of_a_prompt_and_every_kind_of_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path, {}, "class", "autoencoder", steps=2)
    monkeypatch.chdir(tmp_path / "out")
    pipeline = run(blocks(Path())[0])["pipeline"]

    def drawn(**given: Any) -> Any:
        generator = torch.Generator().manual_seed(0)
        return pipeline("a", num_images_per_prompt=3, generator=generator, **given).images

    pictures, latents = drawn(), drawn(output_type="latent")
    assert [picture.size for picture in pictures] == [(8, 8)] * 3
    assert latents.shape == (3, 4, 4, 4)
    tensors, arrays = drawn(output_type="pt"), drawn(output_type="np")
    assert torch.equal(tensors, pipeline.decoded(latents))
    assert (np.abs(arrays[..., 0] * 255 - pixels(pictures)[..., 0]) <= 0.51).all()
    with pytest.raises(ValueError, match="no output_type 'png'"):
        drawn(output_type="png")


def test_the_readme_says_what_a_user_must_know(tmp_path: Path) -> None:
    export(tmp_path, {}, "class", steps=17, guidance=2.5)
    text = (tmp_path / "out" / "README.md").read_text()
    for said in ("17 steps", "guidance 2.5", "0 `a`, 1 `b`, 2 `c`", "Class 3 is the null class"):
        assert said in text
    assert "not exported" not in text


def test_a_caption_that_the_encoder_cannot_read_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path, {}, "minilm", steps=2)
    monkeypatch.chdir(tmp_path / "out")
    assert "captions of up to 256 tokens" in Path("README.md").read_text()
    pipeline = run(blocks(Path())[0])["pipeline"]
    with pytest.raises(ValueError, match="longer than the encoder reads: 256 tokens"):
        pipeline(["dog " * 300])


def test_a_short_process_is_drawn_in_no_more_steps_than_it_has(tmp_path: Path) -> None:
    export(tmp_path, {"steps": 20}, "none", steps=50)
    assert "Drawn in 20 steps" in (tmp_path / "out" / "README.md").read_text()


def test_what_cannot_be_exported_is_named() -> None:
    def left(**sampling: Any) -> str:
        return "; ".join(left_behind(SamplingSpec(**sampling).model_dump(mode="json")))

    assert not left()
    assert not left(solver="dpmpp_2m")
    assert not left(solver="euler", steps=7, guidance=3.0, clip=False, negative_prompt="a")
    assert "solver `ddpm`; the folder with DDIM" in left(solver="ddpm")
    assert "eta 0.5" in left(eta=0.5)
    assert "grid is `karras`" in left(grid="karras")
    assert "kind `apg`" in left(guidance_kind="apg")
    assert "guidance_rescale: 0.7" in left(guidance_rescale=0.7)
    assert "guidance_sigma_max: 5.0" in left(guidance_sigma_max=5.0)
    assert "weaker model" in left(guide="weaker", guidance=2.0)


def test_a_network_that_diffusers_has_no_counterpart_of_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DENOISERS, "unet", Denoiser(DENOISERS["unet"].make))
    with pytest.raises(AlphabarError, match="has a network of kind `unet`, which diffusers has no"):
        export(tmp_path, {}, "class")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_continuous_schedule_that_the_folder_cannot_walk_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCHEDULES, "straight", SCHEDULES["rectified_flow"])
    monkeypatch.setitem(ENTRIES.own, "straight", ENTRIES["rectified_flow"])
    with pytest.raises(AlphabarError, match="has the continuous schedule `straight`"):
        export(tmp_path, {"schedule": "straight"}, "class")
