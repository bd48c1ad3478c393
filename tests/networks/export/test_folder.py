"""An exported folder's README, run as it stands, draws what alphabar draws."""

import re
import sys
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from torch import Tensor

from components.errors import AlphabarError
from components.generation.batches import to_images
from components.generation.denoising import build_denoiser, encode_conditions
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import load_checkpoint
from components.networks.denoisers import DENOISERS, Denoiser
from components.networks.export.export import left_behind
from components.networks.export.folder import save_diffusers
from components.process.schedules import SCHEDULES
from components.sampling.noise import seeded_noise
from components.spec.catalogue import CODECS, PREDICTIONS
from components.spec.catalogue import SCHEDULES as ENTRIES
from components.spec.sections.sampling import SamplingSpec
from tests.decibels import decibels
from tests.networks.export.made import NETWORKS, PROMPTS, export

COUNTS = (10, 13, 20, 30, 50, 60)
ENCODERS = ("none", "class", "minilm", "clip", "t5", "pair")
SCHEDULE = {"eps": "scaled_linear", "flow": "rectified_flow", "edm": "edm"}


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
    return re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)


def run(block: str) -> dict[str, Any]:
    """What a user has who typed the block."""
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102 - the README is what is tested
    return names


def pixels(images: list[Any]) -> np.ndarray[Any, Any]:
    arrays = [np.asarray(image).astype(int) for image in images]
    return np.stack([each if each.ndim == 3 else each[..., None] for each in arrays])


MODELS = [
    *product(CODECS, ("none", "class", "minilm"), PREDICTIONS),
    *product(("autoencoder",), ("clip", "t5", "pair"), PREDICTIONS),
    *(("pixels", encoder, "v") for encoder in ("clip", "t5", "pair")),
]
STABLE_DIFFUSION = [
    (("autoencoder", encoder, prediction), "unet", solver)
    for encoder in ("clip", "pair")
    for prediction, solver in (("eps", "ddim"), ("v", "dpmpp_2m"))
]
SOLVERS = ("ddim", "ddim", "dpmpp_2m", "dpmpp_2m")
PAIRED = [
    *zip(MODELS, cycle(NETWORKS), cycle(SOLVERS), strict=False),
    *STABLE_DIFFUSION,
]


def steps_of(model: tuple[str, str, str]) -> int:
    """Such that every count meets every codec, every conditioner and every prediction; few where
    others have met all already."""
    codec, encoder, prediction = model
    if codec == "pixels" and prediction != "v":
        return COUNTS[0]
    place = ENCODERS.index(encoder) + list(PREDICTIONS).index(prediction)
    return COUNTS[(place + 3 * (codec == "pixels")) % len(COUNTS)]


CASES = [(*case, steps_of(case[0])) for case in PAIRED]
NAMES = ["-".join((*model, network, solver, str(n))) for model, network, solver, n in CASES]


def test_every_number_of_steps_meets_every_codec_conditioner_and_prediction() -> None:
    met = {(each, steps) for model, *_, steps in CASES for each in model}
    assert met == set(product((*CODECS, *ENCODERS, *PREDICTIONS), COUNTS))


@pytest.mark.parametrize(("model", "network", "solver", "steps"), CASES, ids=NAMES)
def test_the_folder_draws_what_alphabar_draws(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encoders: dict[str, str],
    model: tuple[str, str, str],
    network: str,
    solver: str,
    steps: int,
) -> None:
    codec, encoder, prediction = model
    process = {"schedule": SCHEDULE.get(prediction, "cosine"), "prediction": prediction}
    sampling = {"steps": steps, "solver": solver, "guidance": 2.0}
    spec = export(tmp_path, process, encoders[encoder], codec, network, **sampling)
    monkeypatch.chdir(tmp_path / "out")
    assert "not exported" not in Path("README.md").read_text()
    x0, images = ours(tmp_path, spec, encoder)
    with_pipeline, *by_hand = (run(block) for block in blocks(Path()))
    assert np.abs(pixels(with_pipeline["images"]) - images).max() <= 1
    for names in by_hand:
        assert np.abs(names["pixels"].permute(0, 2, 3, 1).int().numpy() - images).max() <= 1
    like = (codec, network) == ("autoencoder", "unet") and encoder in ("clip", "pair")
    stable_diffusion = like and prediction in ("eps", "x0", "v")
    assert Path("pipeline.py").exists() == (not stable_diffusion)
    # with what the model is known by, where the call says nothing
    prompts = None if encoder == "none" else PROMPTS[encoder]
    generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
    pipeline = with_pipeline["pipeline"]
    known = {"num_inference_steps": spec.steps, "guidance_scale": spec.guidance}
    given = known if stable_diffusion else {}
    plain = pipeline(prompts, generator=generators, output_type="latent", **given).images
    reach = x0.abs().max().clamp(min=1)  # latents know no bounds
    assert decibels(plain / reach, x0 / reach) > 70
    if prompts:
        one, other = (
            pipeline(
                asked,
                num_inference_steps=1,
                generator=torch.Generator().manual_seed(0),
                output_type="pt",
            ).images
            for asked in (prompts[0], prompts[1])
        )
        assert decibels(one, other) < 60


@pytest.mark.parametrize(
    ("encoder", "stock"), [("clip", None), ("pair", StableDiffusionXLPipeline)]
)
def test_the_leading_grid_is_drawn_by_diffusers_own_ddim_at_every_number_of_steps(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encoders: dict[str, str],
    encoder: str,
    stock: type | None,
) -> None:
    # StableDiffusionPipeline moves every time by one entry, for which this process has no offset
    sampling = {"steps": 13, "solver": "ddim", "grid": "leading", "guidance": 2.0}
    process = {"schedule": "scaled_linear", "prediction": "eps"}
    spec = export(tmp_path, process, encoders[encoder], "autoencoder", **sampling)
    monkeypatch.chdir(tmp_path / "out")
    assert "not exported" not in Path("README.md").read_text()
    first, *by_hand = (run(block) for block in blocks(Path()))
    expected = ours(tmp_path, spec, encoder)[1]
    assert np.abs(pixels(first["images"]) - expected).max() <= 1
    for names in by_hand:
        assert np.abs(names["pixels"].permute(0, 2, 3, 1).int().numpy() - expected).max() <= 1
    pipeline = first["pipeline"]
    assert type(pipeline.scheduler).__name__ == "DDIMScheduler"
    assert type(pipeline) is stock or Path("pipeline.py").exists() == (stock is None)
    for steps in COUNTS:
        generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
        drawn = pipeline(
            PROMPTS[encoder],
            num_inference_steps=steps,
            guidance_scale=2.0,
            generator=generators,
        ).images
        asked = spec.model_copy(update={"steps": steps})
        assert np.abs(pixels(drawn) - ours(tmp_path, asked, encoder)[1]).max() <= 1, steps


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


@pytest.mark.parametrize(("encoder", "negative"), [("class", "b"), ("minilm", "a blue dog")])
def test_every_code_of_the_readme_is_guided_by_the_negative_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str, negative: str
) -> None:
    spec = export(tmp_path, {}, encoder, steps=4, guidance=3.0, negative_prompt=negative)
    monkeypatch.chdir(tmp_path / "out")
    _, images = ours(tmp_path, spec, encoder)
    with_pipeline, by_hand = (run(block) for block in blocks(Path()))
    assert np.abs(pixels(with_pipeline["images"]) - images).max() <= 1
    assert np.abs(by_hand["pixels"].permute(0, 2, 3, 1).int().numpy() - images).max() <= 1


@pytest.mark.parametrize(("encoder", "why"), [("none", "is unconditional"), ("class", "no class")])
def test_a_negative_prompt_that_the_model_cannot_be_told_is_refused(
    tmp_path: Path, encoder: str, why: str
) -> None:
    with pytest.raises(AlphabarError, match=f"`negative_prompt: unknown`: .*{why}"):
        export(tmp_path, {}, encoder, steps=4, guidance=3.0, negative_prompt="unknown")


def test_stable_diffusions_readme_gives_the_negative_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoders: dict[str, str]
) -> None:
    told = {"steps": 4, "guidance": 3.0, "negative_prompt": "a blue dog"}
    spec = export(tmp_path, {}, encoders["pair"], "autoencoder", **told)
    monkeypatch.chdir(tmp_path / "out")
    (block,) = blocks(Path())
    assert "negative_prompt=['a blue dog'] * len(prompts)" in block
    _, images = ours(tmp_path, spec, "pair")
    assert np.abs(pixels(run(block)["images"]) - images).max() <= 1


def test_one_file_has_every_tensor_of_the_folder(tmp_path: Path, encoders: dict[str, str]) -> None:
    for encoder, kind in (("clip", StableDiffusionPipeline), ("pair", StableDiffusionXLPipeline)):
        home = tmp_path / encoder
        home.mkdir()
        process = {"schedule": "scaled_linear", "prediction": "v", "zero_terminal_snr": True}
        spec = export(home, process, encoders[encoder], "autoencoder", steps=3, guidance=2.0)
        out = home / "again"
        out.mkdir()
        written = save_diffusers(home, out, spec.model_dump(mode="json"), single_file="again")
        said = "\n".join(written.words(out))
        assert "in one file (modelspec.prediction_type v, the mark ztsnr)" in said
        assert f'from_single_file("{out / "again.safetensors"}", config="{out}")' in said
        assert "## One file" in (out / "README.md").read_text()
        assert "not in the one file" not in said
        whole = kind.from_pretrained(out, local_files_only=True)
        single = kind.from_single_file(
            str(out / "again.safetensors"), config=str(out), local_files_only=True
        )
        for name, part in whole.components.items():
            if isinstance(part, torch.nn.Module):
                found = single.components[name].state_dict()
                assert found.keys() == part.state_dict().keys()
                assert all(torch.equal(found[k], v) for k, v in part.state_dict().items()), name
        # who reads one file takes latents to be of this scale
        assert single.vae.config.scaling_factor == whole.vae.config.scaling_factor
        assert whole.vae.config.scaling_factor == {"clip": 0.18215, "pair": 0.13025}[encoder]
        generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
        drawn = single(
            PROMPTS[encoder], num_inference_steps=3, guidance_scale=2.0, generator=generators
        ).images
        assert np.abs(pixels(drawn) - ours(home, spec, encoder)[1]).max() <= 1


def test_one_file_is_refused_to_other_models_and_told_of_other_schedules(
    tmp_path: Path, encoders: dict[str, str]
) -> None:
    spec = export(tmp_path, {}, "class", steps=3).model_dump(mode="json")
    (tmp_path / "two").mkdir()
    with pytest.raises(AlphabarError, match="is not like Stable Diffusion"):
        save_diffusers(tmp_path, tmp_path / "two", spec, single_file="two")
    assert list((tmp_path / "two").iterdir()) == []
    other = tmp_path / "other"
    other.mkdir()
    export(other, {"schedule": "cosine"}, encoders["clip"], "autoencoder", steps=3)
    (other / "two").mkdir()
    written = save_diffusers(other, other / "two", spec, single_file="two")
    assert "not in the one file: the noise schedule `cosine`" in str(written.one_file)


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


def test_a_caption_that_is_longer_than_its_encoder_reads_is_cut_as_ours_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path, {}, "minilm", steps=2)
    monkeypatch.chdir(tmp_path / "out")
    assert (
        "captions of up to 256 tokens, longer ones are cut there" in Path("README.md").read_text()
    )
    pipeline, long = run(blocks(Path())[0])["pipeline"], "dog " * 300
    said: list[str] = []
    monkeypatch.setattr(sys.modules[type(pipeline).__module__].logger, "warning", said.append)
    with torch.inference_mode():
        found = pipeline.conditions([long])
    assert said == ["the encoder reads 256 tokens: longer captions are cut there"]
    expected = load_checkpoint(tmp_path).conditioner.encode([-1], [long])
    assert found.keys() == expected.keys()
    torch.testing.assert_close(found["encoder_hidden_states"], expected["encoder_hidden_states"])


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
