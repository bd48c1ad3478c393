"""A diffusers directory as a user meets it: drawn from, edited with and judged, untrained."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import alphabar
from tests.flows.project import Project
from tests.tiny_pipelines import write_sd1, write_sd3


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_sd1(tmp_path / "sd1")
    return Project(tmp_path)


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_images_are_drawn_with_the_directorys_own_settings(project: Project) -> None:
    words = ["sample", "sd1", "--prompt", "a red cat", "-n", 2, "--steps", 2, "--out", "cats"]
    done = project.alphabar_here(*words)
    assert done.returncode == 0, done.stderr
    assert "grid leading, end first, guidance 7.5: the model's own settings but for steps" in (
        done.stdout
    )
    assert "scheduler_config.json: `_class_name: PNDMScheduler`\n" in done.stdout
    assert np.load(project.root / "cats" / "images.npy").shape == (2, 16, 16, 3)


@pytest.mark.parametrize(
    "words",
    [
        ("img2img", "sd1", "images/0.png", "--strength", 0.5, "-n", 1, "--prompt", "a cat"),
        ("invert", "sd1", "images/0.png"),
        ("interpolate", "sd3", "--seeds", 1, 2, "--frames", 3, "--prompt", "a cat"),
        ("inpaint", "sd1", "images/0.png", "--mask", "mask.png", "-n", 1, "--prompt", "a cat"),
    ],
    ids=lambda words: words[0],
)
def test_the_editing_commands_take_a_directory(project: Project, words: tuple[object, ...]) -> None:
    pictures(project.root / "images", 1)
    write_sd3(project.root / "sd3")
    mask = np.zeros((16, 16), np.uint8)
    mask[:8] = 255
    Image.fromarray(mask).save(project.root / "mask.png")
    done = project.alphabar_here(*words, "--steps", 3, "--out", "edited")
    assert done.returncode == 0, done.stderr
    assert (project.root / "edited" / "picture.png").is_file()


def test_prompts_of_a_file_are_drawn_and_judged(project: Project) -> None:
    (project.root / "prompts.txt").write_text("a cat\na dog\na red heart\n")
    pictures(project.root / "real", 20)
    words = ["evaluate", "sd1", "--prompts", "prompts.txt", "--reference", "real", "--out", "found"]
    metric = ("--metric", "fd", "--metric", "vendi")
    done = project.alphabar_here(*words, *metric)
    assert done.returncode == 0, done.stderr
    figures = json.loads((project.root / "found" / "metrics.json").read_text())
    assert "20" in json.dumps(figures)
    alone = project.alphabar_here(*words[:4], "--out", "alone", "--metric", "vendi")
    assert alone.returncode == 0, alone.stderr
    assert "no figure compares with real images: give `--reference PATH`" in alone.stdout
    (taken,) = json.loads((project.root / "alone" / "metrics.json").read_text())["metrics"]
    assert taken == "vendi_efficientnet_lite0"


def test_a_folder_may_be_called_as_it_likes(project: Project) -> None:
    odd = project.root / "a + clip: b"
    shutil.move(project.root / "sd1", odd)
    words = ["sample", odd, "--prompt", "a cat", "-n", 1, "--steps", 1, "--out", "cats"]
    done = project.alphabar_here(*words)
    assert done.returncode == 0, done.stderr


def test_captions_must_be_said_to_be_judged(project: Project) -> None:
    pictures(project.root / "real", 20)
    done = project.alphabar_here("evaluate", "sd1", "--reference", "real")
    assert done.returncode == 2
    assert "--prompts FILE" in done.stderr


def test_prompts_have_no_meaning_with_images(project: Project) -> None:
    pictures(project.root / "real", 20)
    words = ["evaluate", "real", "--prompts", "prompts.txt", "--reference", "real"]
    (project.root / "prompts.txt").write_text("a cat\n")
    done = project.alphabar_here(*words)
    assert done.returncode == 2
    assert "--prompts prompts.txt has no meaning with real" in done.stderr


def test_a_hub_id_stands_for_what_was_downloaded(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = project.root / "hub" / "models--some--sd1"
    revision = "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision)
    shutil.move(project.root / "sd1", repository / "snapshots" / revision)
    words = ["sample", "--prompt", "a cat", "-n", 1, "--steps", 1, "--out"]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(repository.parent))
    found = project.alphabar_here("sample", "some/sd1", *words[1:], "a")
    assert found.returncode == 0, found.stderr
    weights = project.root / "weights" / "other" / "sd1"
    shutil.copytree(repository / "snapshots" / revision, weights)
    of_weights = {"ALPHABAR_WEIGHTS": str(project.root / "weights")}
    there = project.alphabar_here("sample", "other/sd1", *words[1:], "b", **of_weights)
    assert there.returncode == 0, there.stderr
    absent = project.alphabar_here("sample", "no/such", *words[1:], "c")
    assert absent.returncode == 2
    assert "no/such is no folder, nor an id that was downloaded" in absent.stderr
    assert "or run `hf download ID` first" in absent.stderr


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("unet/config.json", None),
        ("unet/diffusion_pytorch_model.safetensors", b"half"),
        ("vae/diffusion_pytorch_model.safetensors", b""),
        ("text_encoder/model.safetensors", b"half"),
        ("tokenizer/vocab.json", None),
        ("scheduler/scheduler_config.json", b"{"),
        ("model_index.json", b'{"_class_name": "OtherPipeline"}'),
    ],
)
def test_a_broken_directory_is_one_message_and_nothing_is_written(
    project: Project, part: str, content: bytes | None
) -> None:
    path = project.root / "sd1" / part
    path.unlink() if content is None else path.write_bytes(content)
    words = ["sample", "sd1", "--prompt", "a cat", "-n", 1, "--steps", 1, "--out", "cats"]
    done = project.alphabar_here(*words)
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert "remedy: " in done.stderr
    assert "sd1" in done.stderr
    assert not (project.root / "cats").exists()


def test_the_facade_draws_from_a_directory(project: Project) -> None:
    model = alphabar.load(project.root / "sd1")
    assert (model.sampling.solver, model.sampling.guidance) == ("ddim", 7.5)
    found = alphabar.sample(model, 2, prompts="a cat", steps=2)
    assert found.images.shape == (2, 16, 16, 3)
    with pytest.raises(alphabar.AlphabarError, match="the model draws from captions"):
        alphabar.sample(model, 2)
