"""An exported folder's README, run as it stands, draws what alphabar draws."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from components.errors import AlphabarError
from components.generation.denoising import build_denoiser, encode_conditions
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.networks.codecs.pixels import Pixels
from components.networks.denoisers import DENOISERS, Denoiser
from components.networks.diffusers_format import save_diffusers
from components.networks.export_readme import left_behind
from components.process.schedules import SCHEDULES
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import time_grid
from components.spec.catalogue import SCHEDULES as ENTRIES
from components.spec.sections.codec import CodecConfig
from components.spec.sections.network import NetworkSpec
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import model_config

TABLE = [0.999, 0.9, 0.5, 0.1, 0.01]
PROCESSES: list[dict[str, Any]] = [
    *({"schedule": name} for name in ("linear", "scaled_linear", "cosine", "sigmoid")),
    {"schedule": "table", "table": TABLE},
    {"schedule": "linear", "zero_terminal_snr": True},
    {"schedule": "cosine", "snr_shift": 2.0},
    {"schedule": "linear", "steps": 777},
    {"schedule": "rectified_flow"},
    {"schedule": "rectified_flow", "snr_shift": 3.0},
    {"schedule": "edm"},
]
FIT = [
    process | {"prediction": kind}
    for process in PROCESSES
    for kind in ("eps", "x0", "v", "flow", "edm")
    if kind != "eps"
    or not (process.get("zero_terminal_snr") or process["schedule"] == "rectified_flow")
]
DOGS = "two dogs " + "that run after another dog " * 10
PROMPTS = {"class": ["a", "c"], "minilm": ["a red ball", DOGS], "none": ["", ""]}


def export(folder: Path, process: dict[str, Any], encoder: str, **sampling: Any) -> SamplingSpec:
    """A new model in ``folder``, and its export in ``folder``/out."""
    config = model_config(encoder, captions=["a red ball", "a cat", DOGS], **process)
    model = new_checkpoint(config, seed=0)
    # so that x0 leaves the range of pixels, where clipping matters
    with torch.no_grad():
        model.network.unet.conv_out.weight.mul_(3)
    save_checkpoint(folder, config, model.network)
    (folder / "out").mkdir()
    spec = SamplingSpec(**sampling)
    save_diffusers(folder, folder / "out", spec.model_dump(mode="json"))
    return spec


def ours(folder: Path, spec: SamplingSpec, encoder: str) -> Tensor:
    model = load_checkpoint(folder)
    classes = [0, 2] if encoder == "class" else [-1, -1]
    sampler = Sampler(model, spec)
    conditions = encode_conditions(sampler, Prompts.of(classes, PROMPTS[encoder]))
    noise = seeded_noise([0, 1], model.image_shape)
    times = time_grid(model.schedule, spec.steps)
    with torch.inference_mode():
        denoise = build_denoiser(sampler, conditions)
        return SOLVERS[spec.solver](denoise, times.start_scale * noise(-1), times, noise=noise)


def blocks(folder: Path) -> list[str]:
    """The README's code: with the pipeline, and by hand."""
    found = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert len(found) == 2
    return found


def run(block: str, steps: int) -> dict[str, Any]:
    """What a user has who typed the block, with other steps."""
    code, count = re.subn(r"steps, guidance = \d+", f"steps, guidance = {steps}", block)
    assert count == 1
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the README is what is tested
    return names


def decibels(found: Tensor, expected: Tensor) -> float:
    """PSNR of images within [−1, 1]."""
    error = (found.double() - expected.double()).square().mean().item()
    return 10 * np.log10(4 / max(error, 1e-20))


@pytest.mark.parametrize("process", FIT, ids=lambda p: "-".join(f"{v}" for v in p.values())[:60])
def test_by_hand_diffusers_draws_the_same_images_at_every_number_of_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: dict[str, Any]
) -> None:
    spec = export(tmp_path, process, "class", steps=50, guidance=2.0)
    monkeypatch.chdir(tmp_path / "out")
    for steps in (8, 13, 30) if process["prediction"] in ("v", "edm") else (8, 13):
        x = run(blocks(Path())[1], steps)["x"]
        expected = ours(tmp_path, spec.model_copy(update={"steps": steps}), "class")
        assert decibels(x, expected) > 60


LINEAR = {"schedule": "linear", "prediction": "eps"}
STRAIGHT = {"schedule": "rectified_flow", "prediction": "flow"}


@pytest.mark.parametrize("encoder", ["none", "class", "minilm"])
def test_a_transformers_pipeline_draws_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str
) -> None:
    values = NetworkSpec(kind="transformer", patch=4, depth=1, width=16, heads=2).settled()
    config = model_config(encoder, captions=["a red ball", "a cat", DOGS], **LINEAR)
    config = config.model_copy(update={"network": values})
    model = new_checkpoint(config, seed=0)
    with torch.no_grad():  # else it predicts nothing
        for weights in model.network.parameters():
            weights.add_(torch.randn(weights.shape, generator=torch.Generator().manual_seed(1)) / 9)
    save_checkpoint(tmp_path, config, model.network)
    (tmp_path / "out").mkdir()
    spec = SamplingSpec(steps=13, guidance=2.0 if encoder == "class" else 1.0)
    save_diffusers(tmp_path, tmp_path / "out", spec.model_dump(mode="json"))
    monkeypatch.chdir(tmp_path / "out")
    pipeline_block, by_hand = blocks(Path())
    expected = ours(tmp_path, spec, encoder)
    assert decibels(run(by_hand, 13)["x"], expected) > 60
    pixels = np.stack([np.asarray(image) for image in run(pipeline_block, 13)["images"]])
    assert abs(pixels - ((expected[:, 0].numpy() + 1) * 127.5)).max() < 1


@pytest.mark.parametrize(
    ("process", "encoder", "guidance"),
    [
        (LINEAR, "class", 1.0),
        (LINEAR, "class", 3.0),
        (LINEAR, "none", 1.0),
        (LINEAR, "minilm", 3.0),
        (STRAIGHT, "class", 3.0),
        (STRAIGHT, "none", 1.0),
        (STRAIGHT, "minilm", 1.0),
    ],
)
def test_the_pipeline_draws_the_same_pixels(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    process: dict[str, Any],
    encoder: str,
    guidance: float,
) -> None:
    spec = export(tmp_path, process, encoder, steps=13, guidance=guidance)
    monkeypatch.chdir(tmp_path / "out")
    pipeline_block, by_hand = blocks(Path())
    names = run(pipeline_block, 13)
    expected = ours(tmp_path, spec, encoder)
    pixels = np.stack([np.asarray(image) for image in names["images"]])
    sampled = Pixels(CodecConfig(), (1, 8, 8)).decode(expected)[:, 0].numpy()
    assert np.abs(pixels.astype(int) - sampled.astype(int)).max() <= 1
    assert decibels(run(by_hand, 13)["x"], expected) > 60
    # with what the model is known by, where the call says nothing
    prompts = None if encoder == "none" else PROMPTS[encoder]
    generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
    plain = names["pipeline"](prompts, generator=generators, output_type="pt").images
    assert decibels(plain, expected) > 60


@pytest.mark.parametrize(
    ("steps", "clip"), [(10, True), (20, False), (50, True), (60, True), (61, False), (300, True)]
)
def test_many_steps_agree_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int, clip: bool
) -> None:
    # 61 is one of the counts at which numpy's rounding adds a step
    process = {"schedule": "cosine", "prediction": "v"}
    spec = export(tmp_path, process, "class", steps=steps, guidance=2.0, clip=clip)
    monkeypatch.chdir(tmp_path / "out")
    names = run(blocks(Path())[0], steps)
    generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
    found = names["pipeline"](["a", "c"], generator=generators, output_type="pt").images
    expected = ours(tmp_path, spec, "class")
    assert decibels(found, expected) > 60
    if steps < 100:
        assert decibels(run(blocks(Path())[1], steps)["x"], expected) > 60


@pytest.mark.parametrize("steps", [8, 13, 20])
@pytest.mark.parametrize(
    "process",
    [{"schedule": "cosine", "prediction": "v"}, {"schedule": "linear", "prediction": "eps"}],
    ids=lambda process: process["schedule"],
)
def test_a_model_drawn_with_dpmpp_2m_is_drawn_so_by_diffusers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: dict[str, Any], steps: int
) -> None:
    spec = export(tmp_path, process, "class", steps=steps, solver="dpmpp_2m", guidance=2.0)
    monkeypatch.chdir(tmp_path / "out")
    text = Path("README.md").read_text()
    assert "DPM-Solver++(2M)" in text
    assert "not exported" not in text
    pipeline_block, by_hand = blocks(Path())
    pipeline = run(pipeline_block, steps)["pipeline"]
    generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
    found = pipeline(["a", "c"], generator=generators, output_type="pt").images
    expected = ours(tmp_path, spec, "class")
    assert decibels(found, expected) > 60
    assert decibels(run(by_hand, steps)["x"], expected) > 60


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
    pipeline = run(blocks(Path())[0], 1)["pipeline"]
    with pytest.raises(ValueError, match="longer than the encoder reads: 256 tokens"):
        pipeline(["dog " * 300])


def test_a_short_process_is_drawn_in_no_more_steps_than_it_has(tmp_path: Path) -> None:
    export(tmp_path, {"steps": 20}, "none", steps=50)
    assert "Drawn in 20 steps" in (tmp_path / "out" / "README.md").read_text()


def test_what_cannot_be_exported_is_named() -> None:
    def left(**sampling: Any) -> str:
        section = SamplingSpec(**sampling).model_dump(mode="json")
        return "; ".join(left_behind(section, scheduler))

    scheduler = "AlphabarScheduler"
    assert "solver `dpmpp_2m`" in left(solver="dpmpp_2m")
    scheduler = "DPMSolverMultistepScheduler"
    assert (
        left()
        == left(solver="dpmpp_2m")
        == left(solver="euler", steps=7, guidance=3.0, clip=False)
        == ""
    )
    assert "solver `ddpm`" in left(solver="ddpm")
    assert "eta 0.5" in left(eta=0.5)
    assert "grid is `karras`" in left(grid="karras")
    assert "kind `apg`" in left(guidance_kind="apg")
    assert "guidance_rescale: 0.7" in left(guidance_rescale=0.7)
    assert "guidance_sigma_max: 5.0" in left(guidance_sigma_max=5.0)
    assert "negative_prompt: a" in left(negative_prompt="a")
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
