"""`alphabar sample`: the folder that it writes, and what is not judged of it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import alphabar
from components.errors import AlphabarError
from components.evaluation.images.image_sources import read_source
from components.files.new_folder import refuse_taken
from components.networks.checkpoint import new_checkpoint, save_checkpoint
from flows.cli import app
from flows.tools.images_to_judge import array_judged
from tests.flows.untrained import write_untrained
from tests.model_config import model_config
from tests.tiny_text_encoders import tiny_clip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two untrained models, strong/ and weak/."""
    root = tmp_path_factory.mktemp("models")
    write_untrained(root, "strong", "weak")
    return root


def figures(model: Path, out: Path, *options: str) -> dict[str, float]:
    """Draw 4 images in 3 steps; the metrics.json."""
    words = ["sample", str(model), "--out", str(out), "-n", "4", "--steps", "3", "-q", *options]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    content: dict[str, float] = json.loads((out / "metrics.json").read_text())
    return content


def test_the_command_is_guided_by_default_and_by_a_weaker_model(
    models: Path, tmp_path: Path
) -> None:
    strong, weak = models / "strong", models / "weak"
    assert figures(strong, tmp_path / "a") == {"samples": 4, "network_evaluations": 6}
    assert figures(strong, tmp_path / "b", "--guidance", "1")["network_evaluations"] == 3
    assert figures(strong, tmp_path / "c", "--guide", str(weak))["network_evaluations"] == 6
    negative = ("--negative-prompt", "cat", "--guidance-kind", "cfgpp", "--grid", "linspace")
    assert figures(strong, tmp_path / "d", *negative)["network_evaluations"] == 6
    by_null, by_weak = (np.load(tmp_path / name / "images.npy") for name in "ac")
    assert (by_null != by_weak).any()


def test_what_a_command_compiles_is_kept_with_the_store(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):  # set for the whole process
        monkeypatch.setenv(name, "elsewhere")
    figures(models / "strong", tmp_path / "out", "--guidance", "1")
    kept = tmp_path / "artifacts" / ".cache" / "compiled"
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(kept)


def test_a_negative_prompt_that_is_no_class_leaves_no_folder(models: Path, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="did you mean `cat`"):
        figures(models / "strong", tmp_path / "out", "--negative-prompt", "cats")
    assert list(tmp_path.iterdir()) == []


def test_a_negative_prompt_that_nothing_reads_is_refused(models: Path, tmp_path: Path) -> None:
    unread = ("--negative-prompt", "cat", "--guidance", "1")
    with pytest.raises(AlphabarError, match="nothing is guided away from .* `cat` with guidance 1"):
        figures(models / "strong", tmp_path / "out", *unread)
    assert list(tmp_path.iterdir()) == []


def test_samples_that_were_changed_since_are_not_judged(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    figures(models / "strong", tmp_path / "sampled")
    array = tmp_path / "sampled" / "images.npy"
    picture = tmp_path / "sampled" / "images" / "00002.png"
    assert array_judged(tmp_path / "sampled") == f"generated: 4 images of {array}"
    assert len(read_source(tmp_path / "sampled").images.images) == 4
    content = array.read_bytes()
    for path in (picture, array):
        before = path.read_bytes()
        for changed in (None, before[:-1] + b"x"):
            path.unlink() if changed is None else path.write_bytes(changed)
            with pytest.raises(AlphabarError, match=path.name) as caught:
                read_source(tmp_path / "sampled")
            assert f"give {picture.parent} to judge" in caught.value.remedy
            path.write_bytes(before)
    picture.unlink()
    assert len(read_source(picture.parent).images.images) == 3
    assert array.read_bytes() == content


def test_no_command_writes_into_the_store_or_a_folder_of_ours(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    figures(models / "strong", tmp_path / "sampled")
    (tmp_path / "reports" / "digits").mkdir(parents=True)
    (tmp_path / "reports" / "digits" / ".keys").write_text("r1")
    for place in ("artifacts/new", "sampled/new", "reports/digits/new", "sampled/../artifacts/x"):
        store = tmp_path / "artifacts"
        with pytest.raises(AlphabarError, match=" lies in ") as caught:
            refuse_taken(Path(place), store)
        assert "outside" in caught.value.remedy
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize("command", ["sample", "interpolate"])
def test_prompts_that_are_longer_than_the_encoder_reads_are_counted(
    tmp_path: Path, command: str
) -> None:
    config = model_config(f"clip:{tiny_clip(tmp_path / 'clip')}", size=4, classes=())
    save_checkpoint(tmp_path, config, new_checkpoint(config, 0).network)
    long = "heart " * 100
    words = [command, str(tmp_path), "--steps", "1", "--guidance", "2", "-q", "--prompt", long]
    words += ["--seeds", "1", "2"] if command == "interpolate" else ["--prompt", "a cat"]
    asked = ["--out", str(tmp_path / "out"), "--negative-prompt", f"{long} cat"]
    result = CliRunner().invoke(app, [*words, *asked], catch_exceptions=False)
    prompts = 2 if command == "interpolate" else 3
    said = f"2 of {prompts} prompts are cut at 77 tokens, the longest has 103"
    assert result.output.count(said) == 1
    drawn = alphabar.sample(tmp_path, 2, prompts=[long, "a cat"], steps=1)
    assert drawn.words.endswith("; 1 of 2 prompts are cut at 77 tokens, the longest has 102")
    words[words.index(long)] = "a heart"
    short = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "b")], catch_exceptions=False)
    assert "are cut" not in short.output
