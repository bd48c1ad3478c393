"""Models that are drawn from to be judged: what they are asked for, and what is refused first."""

import csv
from pathlib import Path

import numpy as np
import pytest

from components.figures.judgement import Judgement
from flows.tools.judged import Judged, group_notes
from tests.figures.made import record, write_record
from tests.flows.pinned import write_pictures
from tests.flows.project import Project
from tests.tiny_pipelines import write_sd1

QUICK = ("--size", 32, "--metric", "vendi")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A diffusers directory, images with captions, and an experiment that trains it further."""
    root = tmp_path_factory.mktemp("judged")
    made = Project(root)
    write_sd1(root / "sd1")
    folder = root / "datasets" / "pictures"
    write_pictures(folder, [{"caption": f"picture {k}"} for k in range(60)])
    (root / "pictures").symlink_to(folder)
    made.write(
        {
            "name": "further",
            "data": {"source": "folder", "name": "pictures", "size": 16, "holdout": 0.5},
            "network": {"pretrained": "sd1"},
            "evaluation": {"samples": 20, "clip": "none", "size": 32, "metrics": ["fd"]},
        },
        "further.yaml",
    )
    return made


@pytest.mark.parametrize("option", ["--reference", "--experiment"])
def test_an_experiment_that_trains_a_directory_further_judges_it_by_its_held_out_captions(
    project: Project, option: str
) -> None:
    out = project.root / option.strip("-")
    words = ["evaluate", "sd1", option, "further.yaml", "--steps", 1, "--guidance", 1]
    done = project.alphabar_here(*words, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "prompts: the held-out captions of further" in done.stderr
    with (out / "samples" / "samples.csv").open() as file:
        asked = {row["caption"] for row in csv.DictReader(file)}
    assert len(asked) == 20
    assert np.load(out / "samples" / "images.npy").shape == (20, 16, 16, 3)
    again = project.alphabar_here("evaluate", out / "samples", option, "further.yaml")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--reference", "pictures", "--clip", "nonsense"), "is no CLIP"),
        (("--reference", "pictures", "--clip", "domain"), "`clip: domain` is trained on an exp"),
        (("--reference", "pictures", "--clip", "clip:ViT-B-32:gone.pt"), "gone.pt"),
        (("--reference", "pictures", "--extractor", "inception"), "inception"),
        (("--reference", "gone"), "`--reference gone`: there is no such path"),
        (("--reference", "pictures", "--metric", "authenticity"), "training images are not known"),
        (("--experiment", "further.yaml", "--style", "bold"), "style"),
        (("--metric", "recall"), "`recall` is asked for and cannot be measured"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_anything_is_drawn(
    project: Project, words: tuple[str, ...], message: str
) -> None:
    (project.root / "prompts.txt").write_text("a cat\n")
    done = project.alphabar_here("evaluate", "sd1", "--prompts", "prompts.txt", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "sample: started" not in done.stderr


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("sample", "sd1", "--out", "drawn"), "give at least one `--prompt`"),
        (("evaluate", "sd1", "--reference", "pictures"), "give `--prompts FILE`, or an experiment"),
    ],
)
def test_a_model_of_captions_is_refused_without_one_before_its_weights_are_read(
    project: Project, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], remedy: str
) -> None:
    monkeypatch.setattr("flows.tools.chosen.Chosen.load", lambda chosen: pytest.fail("loaded"))
    done = project.alphabar_here(*words)
    assert done.returncode == 2
    assert "the model draws from captions" in done.stderr
    assert remedy in done.stderr


def test_what_is_in_a_file_of_prompts_and_what_no_figure_says_is_told(project: Project) -> None:
    table = "prompt,Category\na cat,animals\n,animals\na chair,things\n"
    (project.root / "prompts.csv").write_text(table)
    words = ["evaluate", "sd1", "--prompts", "prompts.csv", "--steps", 1, "--guidance", 1, *QUICK]
    done = project.alphabar_here(*words)
    assert done.returncode == 0, done.stderr
    assert "prompts.csv: 2 prompts in 2 groups (animals 1, things 1); 1 empty line" in done.stderr
    assert "20 images of them are drawn, in turn: fewer cannot be judged" in done.stderr
    assert "fewer than 20 images have no figures of their own: animals 10, things 10" in done.stdout
    assert "`--clip clip:MODEL:WEIGHTS`" in done.stdout
    assert "1 step" in done.stderr


def test_groups_without_figures_are_told_by_their_reason() -> None:
    nothing = Judgement({})
    assert group_notes(["", ""], nothing) == []
    few, unread = group_notes(["a"] * 20 + ["b"], nothing)
    assert "b 1" in few
    assert "a 20" in unread


@pytest.mark.parametrize("words", [("--steps", 2), ("--set", "churn=1"), ("--guide", "sd1")])
def test_settings_of_sampling_have_no_meaning_with_images(
    project: Project, words: tuple[object, ...]
) -> None:
    done = project.alphabar_here("evaluate", "pictures", "--reference", "pictures", *words)
    assert done.returncode == 2
    assert f"{words[0]} has no meaning with pictures: its images are drawn already" in done.stderr


def test_figures_of_groups_are_shown_beside_those_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = {"clip_score": record(24.0, 1.0)}
    groups = {"animals": {"clip_score": record(21.0, 1.0)}, "things": {}}
    write_record(tmp_path, {"metrics": whole, "groups": groups})
    Judged("samples", tmp_path).show("by themselves")
    said = capsys.readouterr().out
    assert "animals" in said
    assert "21.0" in said
    assert "things" not in said
