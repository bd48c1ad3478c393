import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.licences import licences_of
from components.spec.licences import licence_of_data
from components.spec.sections.data import DataSpec
from components.tracking import Registered, Submitted, Tracker, load_model_dir, register, rollback
from tests.model_config import write_fake_weights

Make = Callable[..., dict[str, Any]]
FD = "fd_efficientnet_lite0"
Enter = Callable[..., Registered]


def aliases(tracker: Tracker) -> dict[str, str]:
    found = tracker.client.get_registered_model("digits").aliases
    return {alias: str(version) for alias, version in found.items()}


def test_the_first_model_is_candidate_and_champion(tracker: Tracker, enter: Enter) -> None:
    assert enter("a1", 150.0) == Registered("1", ("candidate", "champion"), "there was no champion")
    assert aliases(tracker) == {"candidate": "1", "champion": "1"}


def test_an_empty_registry_says_how_a_model_gets_there(tracker: Tracker) -> None:
    with pytest.raises(AlphabarError, match="has no model digits@champion") as caught:
        load_model_dir(tracker, "digits", "champion")
    assert caught.value.remedy.startswith("there is none yet: run an experiment first")


def test_a_key_is_registered_once(tracker: Tracker, enter: Enter) -> None:
    first = enter("a1", 150.0)
    assert enter("a1", 150.0) == first
    assert len(tracker.client.search_model_versions("name='digits'")) == 1


def test_registering_again_says_what_the_version_is_by_now(tracker: Tracker, enter: Enter) -> None:
    assert enter("a1", 150.0).aliases == ("candidate", "champion")
    assert enter("b2", 120.0).aliases == ("candidate", "champion")
    again = enter("a1", 150.0)
    assert (again.aliases, again.champion, again.reason) == ((), False, "there was no champion")
    rollback(tracker, "digits")
    again = enter("b2", 120.0)
    assert (again.aliases, again.champion) == (("candidate",), False)
    assert again.reason.startswith("rolled back ")
    assert again.reason.endswith(", to version 1")
    assert enter("a1", 150.0).champion
    assert aliases(tracker) == {"candidate": "2", "champion": "1"}


def test_a_better_model_takes_the_championship_and_a_like_one_does_not(
    tracker: Tracker, enter: Enter
) -> None:
    enter("a1", 150.0)
    like = enter("b2", 145.0)
    assert (like.champion, aliases(tracker)) == (False, {"candidate": "2", "champion": "1"})
    assert "intervals" in like.reason
    better = enter("c3", 120.0)
    assert (better.champion, aliases(tracker)) == (True, {"candidate": "3", "champion": "3"})


def test_a_figure_of_another_protocol_never_promotes(tracker: Tracker, enter: Enter) -> None:
    enter("a1", 150.0)
    refused = enter("b2", 1.0, n_generated=5000)
    assert not refused.champion
    assert "n_generated 5000 against 500" in refused.reason
    assert aliases(tracker)["champion"] == "1"


def test_figure_and_decision_are_tags_of_the_version(tracker: Tracker, enter: Enter) -> None:
    enter("a1", 150.0)
    tags = tracker.client.get_model_version("digits", "1").tags
    assert (tags["figure.metric"], tags["figure.value"]) == (FD, "150.0")
    assert (tags["figure.low"], tags["figure.high"]) == ("145.0", "155.0")
    assert tags["protocol.data_hash"] == "abc"
    assert (tags["gate.promoted"], tags["gate.champion_before"]) == ("true", "none")
    assert tags["git.commit"] == "c0ffee"


def test_a_registration_that_was_killed_is_completed(tracker: Tracker, enter: Enter) -> None:
    enter("a1", 150.0)
    for alias in ("candidate", "champion"):
        tracker.client.delete_registered_model_alias("digits", alias)
    tracker.client.delete_model_version_tag("digits", "1", "gate.promoted")
    assert enter("a1", 150.0).champion
    assert aliases(tracker) == {"candidate": "1", "champion": "1"}


def test_the_directory_comes_back_by_alias_and_by_version(
    tracker: Tracker, enter: Enter, train_dir: Path, tmp_path: Path
) -> None:
    enter("a1", 150.0)
    (tmp_path / "into").mkdir()
    for found in (
        load_model_dir(tracker, "digits", "champion"),
        load_model_dir(tracker, "digits", "1", tmp_path / "into"),
    ):
        weights = (found / "model.safetensors").read_bytes()
        assert weights == (train_dir / "model.safetensors").read_bytes()
        card = (found / "README.md").read_text()
        for line in (
            "- fd_efficientnet_lite0: 150 (145 to 155)",
            "- measured with n_generated: 500",
            "- guidance: 2",
            "- process.schedule: cosine",
            "- git.commit: c0ffee",
        ):
            assert line in card.splitlines()
        assert "## Licences\n- images (digits): CC BY 4.0 (" in card
        assert licences_of(found, tmp_path, tmp_path) == licence_of_data(DataSpec(source="digits"))


def test_a_model_that_is_not_there_is_named_with_those_that_are(
    tracker: Tracker, enter: Enter
) -> None:
    with pytest.raises(AlphabarError, match="digits@champion") as caught:
        load_model_dir(tracker, "digits", "champion")
    assert "none" in caught.value.remedy
    enter("a1", 150.0)
    with pytest.raises(AlphabarError) as caught:
        load_model_dir(tracker, "digits", "baseline")
    assert "candidate, champion, 1" in caught.value.remedy
    with pytest.raises(AlphabarError, match="digit@1") as caught:
        load_model_dir(tracker, "digit", "1")
    assert "digits" in caught.value.remedy


def test_files_that_are_gone_are_named(tracker: Tracker, enter: Enter) -> None:
    enter("a1", 150.0)
    (load_model_dir(tracker, "digits", "1") / "model.safetensors").unlink()
    with pytest.raises(AlphabarError, match="version 1") as caught:
        load_model_dir(tracker, "digits", "1")
    assert "delete this one and its sweep's run in MLflow" in caught.value.remedy


@pytest.mark.parametrize(
    "name",
    ["model.safetensors", "sampling.json", "README.md", "evaluation/metrics.json", "manifest.json"],
)
def test_a_damaged_file_of_a_version_is_named_and_nothing_is_loaded(
    tracker: Tracker, enter: Enter, name: str
) -> None:
    enter("a1", 150.0)
    path = load_model_dir(tracker, "digits", "1") / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(AlphabarError, match="digits, version 1, cannot be used") as caught:
        load_model_dir(tracker, "digits", "1")
    assert str(path) in caught.value.what
    assert "choose another version" in caught.value.remedy


def test_a_version_without_the_manifest_that_was_registered_with_it_is_refused(
    tracker: Tracker, enter: Enter
) -> None:
    enter("a1", 150.0)
    (load_model_dir(tracker, "digits", "1") / "manifest.json").unlink()
    with pytest.raises(AlphabarError, match=r"manifest\.json does not exist"):
        load_model_dir(tracker, "digits", "1")


def test_broken_weights_are_refused_before_anything_is_made(
    tracker: Tracker, enter: Enter, train_dir: Path
) -> None:
    (train_dir / "model.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(AlphabarError, match=r"model\.safetensors"):
        enter("a1", 150.0)
    assert list(tracker.client.search_registered_models()) == []


def test_the_whole_evaluation_goes_with_the_model(
    tracker: Tracker, enter: Enter, evaluation: Callable[..., Path], figure: Make, tmp_path: Path
) -> None:
    records = {FD: figure(150.0), "recall_efficientnet_lite0": figure(0.4, 0.1)}
    ours = {"seeds": np.arange(3), f"{FD}|generated": np.ones(3), f"{FD}|reference": np.ones(2)}
    measured = evaluation(records, ours)
    enter("a1", measured=measured)
    (tmp_path / "into").mkdir()
    for found in (
        load_model_dir(tracker, "digits", "champion"),
        load_model_dir(tracker, "digits", "1", tmp_path / "into"),
    ):
        for name in ("metrics.json", "pseudo_values.npz"):
            assert (found / "evaluation" / name).read_bytes() == (measured / name).read_bytes()
        assert json.loads((found / "sampling.json").read_text())["guidance"] == 2.0
        assert "- recall_efficientnet_lite0: 0.4 (0.3 to 0.5)" in (found / "README.md").read_text()


def test_an_autoguided_model_brings_its_guide(
    tracker: Tracker, evaluation: Callable[..., Path], figure: Make, train_dir: Path, tmp_path: Path
) -> None:
    guide = tmp_path / "guide"
    guide.mkdir()
    write_fake_weights(guide, 1.0)
    measured = evaluation({FD: figure(150.0)})
    model = Submitted(train_dir, measured, FD, {"guide": "weaker"}, guide=guide)
    register(tracker, "digits", tracker.sweep("digits", "a1", {}, {}), "a1", model)
    found = load_model_dir(tracker, "digits", "champion")
    stored = (found / "guide" / "model.safetensors").read_bytes()
    assert stored == (guide / "model.safetensors").read_bytes()
    assert "autoguidance" in (found / "README.md").read_text()


def test_the_card_of_a_distilled_model_says_so(
    tracker: Tracker, enter: Enter, train_dir: Path
) -> None:
    enter("a1", 150.0)
    assert "distilled" not in (load_model_dir(tracker, "digits", "1") / "README.md").read_text()
    spec = {"kind": "consistency", "segments": 2, "teacher_steps": 50, "teacher_guidance": 2.0}
    (train_dir / "manifest.json").write_text(json.dumps({"spec": spec}))
    enter("b2", 150.0)
    card = (load_model_dir(tracker, "digits", "2") / "README.md").read_text()
    assert "It was distilled" in card
    assert {"- segments: 2", "- teacher_guidance: 2"} <= set(card.splitlines())


def test_the_card_says_who_decided_what_a_model_was_trained_on(
    tracker: Tracker, enter: Enter, train_dir: Path
) -> None:
    spec = {"kind": "dpo", "beta": 2000.0, "preferences": {"sha256": "f2"}}
    (train_dir / "manifest.json").write_text(json.dumps({"spec": spec}))
    figures = {"preference_pairs": 7, "simulated_pairs": 7}
    (train_dir / "metrics.json").write_text(json.dumps(figures))
    enter("a1", 150.0)
    card = (load_model_dir(tracker, "digits", "1") / "README.md").read_text()
    assert "Trained on 7 pairs decided by simulated annotators: preferences of no person." in card
    assert {"- beta: 2000", "- preferences.sha256: f2"} <= set(card.splitlines())


def test_a_model_without_the_figure_it_is_chosen_by_is_refused(
    tracker: Tracker, enter: Enter, evaluation: Callable[..., Path], figure: Make
) -> None:
    with pytest.raises(AlphabarError, match=FD) as caught:
        enter("a1", measured=evaluation({"clip_score_domain": figure(20.0)}))
    assert "clip_score_domain" in caught.value.remedy
    assert list(tracker.client.search_registered_models()) == []
