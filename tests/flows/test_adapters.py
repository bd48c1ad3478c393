"""Adapters as a user meets them: drawn with, baked in, exported, and refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.flows.project import Project
from tests.reference.test_lora_files import trained
from tests.tiny_pipelines import write_sd1

SHORT = ("--prompt", "a red cat", "-n", 2, "--steps", 3, "--guidance", 20)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("adapters")
    write_sd1(root / "sd1")
    trained(root / "sd1", root / "style.safetensors", (4.0, 100.0), seed=0)
    return Project(root)


def drawn(project: Project, model: str, out: str, *words: Any) -> Any:
    """The images, and what was printed."""
    done = project.alphabar_here("sample", model, *SHORT, *words, "--out", out)
    assert done.returncode == 0, done.stderr
    return np.load(project.root / out / "images.npy").astype(int), done.stdout


def test_an_adapter_is_drawn_with_at_its_weight_baked_in_and_exported(project: Project) -> None:
    plain, _ = drawn(project, "sd1", "plain")
    styled, said = drawn(project, "sd1", "styled", "--adapter", "style.safetensors:0.8")
    assert "style.safetensors × 0.8" in said
    assert np.abs(styled - plain).max() > 20
    scaled = ("--adapter", "style.safetensors", "--set", "adapter_scale=0.8")
    assert (drawn(project, "sd1", "scaled", *scaled)[0] == styled).all()
    none, _ = drawn(project, "sd1", "none", "--adapter", "style.safetensors:0")
    assert (none == plain).all()
    for command in (("merge", "sd1", "--out", "merged"), ("export", "sd1", "exported")):
        done = project.alphabar_here(*command, "--adapter", "style.safetensors:0.8")
        assert done.returncode == 0, done.stderr
    for whole in ("merged", "exported"):
        found, _ = drawn(project, whole, f"of-{whole}")
        assert np.abs(found - styled).max() <= 1


def test_images_with_adapters_are_judged(project: Project) -> None:
    (project.root / "prompts.txt").write_text("a red cat\na blue dog\n")
    words = ("--prompts", "prompts.txt", "--steps", 1, "--size", 32, "--metric", "vendi", "-n", 20)
    figures = {
        weight: project.alphabar_here(
            "evaluate", "sd1", *words, "--adapter", f"style.safetensors:{weight}"
        )
        for weight in (0, 1)
    }
    assert {done.returncode for done in figures.values()} == {0}, figures[0].stderr
    assert figures[0].stdout != figures[1].stdout


def cut_short(root: Path) -> str:
    (root / "ours").mkdir(exist_ok=True)
    (root / "ours" / "adapter.safetensors").write_bytes(b"\x10")
    return "ours"


def loha(root: Path) -> str:
    save_file({"lora_unet_x.hada_w1_a": torch.ones(1)}, root / "loha.safetensors")
    return "loha.safetensors"


def of_another_model(root: Path) -> str:
    found = load_file(root / "style.safetensors")
    save_file({f"unet.deep.{n}": t for n, t in found.items()}, root / "other.safetensors")
    return "other.safetensors"


def word(root: Path) -> str:
    torch.save({"string_to_param": {"*": torch.ones(2)}}, root / "style.pt")
    return "style.pt"


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (cut_short, "ours/adapter.safetensors is no file of safetensors"),
        (loha, "loha.safetensors holds a LoHa"),
        (of_another_model, "other.safetensors is an adapter of another model"),
        (word, "style.pt is an embedding of another model: its vectors have widths"),
        (lambda root: "missing.safetensors", "there is no adapter at missing.safetensors"),
        (lambda root: "style.safetensors:11", "its weight is 11"),
        (lambda root: "style.safetensors:nan", "its weight is nan"),
        (lambda root: "style.safetensors:abc", "its weight is abc"),
        (lambda root: "style.safetensors:", "its weight is missing"),
        (lambda root: "missing.safetensors:0.5", "there is no adapter at missing.safetensors\n"),
        (lambda root: "", "there is no adapter at ''"),
    ],
)
@pytest.mark.parametrize("command", ["sample", "merge"])
def test_what_is_no_adapter_of_the_model_is_refused_and_nothing_is_written(
    project: Project, write: Any, message: str, command: str
) -> None:
    words = SHORT if command == "sample" else ()
    given = ("--adapter", write(project.root), "--out", "refused")
    done = project.alphabar_here(command, "sd1", *words, *given)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (project.root / "refused").exists()


def test_there_is_nothing_to_bake_in_or_to_scale_without_an_adapter(project: Project) -> None:
    done = project.alphabar_here("merge", "sd1", "--out", "refused")
    assert done.returncode == 2
    assert "sd1 has no adapter that could be baked in" in done.stderr
    words = ("sample", "sd1", *SHORT, "--set", "adapter_scale=0.5", "--out", "refused")
    done = project.alphabar_here(*words)
    assert done.returncode == 2
    assert "`adapter_scale: 0.5` has no meaning: there is no adapter" in done.stderr
    assert not (project.root / "refused").exists()
