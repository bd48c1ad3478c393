"""A registered fine-tune: what goes with it, and whom the gate holds it against."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.manifest import read_manifest
from components.networks.adapters import Adapter, save_adapter, weights_sha256
from components.networks.checkpoint import load_checkpoint
from components.spec.gate import Gate, MetricGate, better_by
from components.tracking import (
    Registered,
    Submitted,
    Tracker,
    load_model_dir,
    promote,
    register,
    rollback,
)
from components.tracking.decision_log import headline
from components.tracking.promotion_words import title
from components.tracking.registry import StartedFrom
from tests.flows.untrained import write_untrained

FD, RECALL = "fd_efficientnet_lite0", "recall_efficientnet_lite0"
Make = Callable[..., dict[str, Any]]
Enter = Callable[..., Registered]


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """The directory of an adapter of the last layer, as a fine-tune leaves it."""
    (base,) = write_untrained(tmp_path, "base")
    model, folder = load_checkpoint(base), tmp_path / "adapter"
    folder.mkdir()
    name = "unet.conv_out.weight"
    weights = {name: model.network.state_dict()[name]}
    save_adapter(folder, model, Adapter("weights", weights_sha256(base)), weights)
    return folder


@pytest.fixture
def tune(tracker: Tracker, adapter: Path, evaluation: Callable[..., Path], figure: Make) -> Enter:
    """Registers `bold` under a key, with an FD of so much beside its baseline's of 150."""

    def register_it(
        key: str, value: float, gate: Gate | None = None, before: float = 150.0, **changes: Any
    ) -> Registered:
        kept = {"seeds": np.arange(3), f"{FD}|generated": np.ones(3), f"{FD}|reference": np.ones(2)}
        started = StartedFrom(
            "guidance=2",
            evaluation({FD: figure(before, **changes)}, kept),
            "ba5e",
            None,
            "digits@3",
        )
        measured = evaluation({FD: figure(value), RECALL: figure(0.4, 0.1)})
        tags = {"finetune.kind": "lora"}
        submitted = Submitted(
            adapter, measured, FD, {"steps": 5}, tags, gate=gate, started_from=started
        )
        return register(tracker, "bold", tracker.sweep("bold", key, {}, {}), key, submitted)

    return register_it


def tags(tracker: Tracker, version: str = "1") -> dict[str, str]:
    found: dict[str, str] = tracker.client.get_model_version("bold", version).tags
    return found


def test_the_first_fine_tune_that_beats_its_baseline_is_champion(
    tracker: Tracker, tune: Enter
) -> None:
    found = tune("a1", 120.0)
    assert found.aliases == ("candidate", "champion")
    assert found.reason == (
        f"better, by the intervals: {FD} 120.0 [115.0, 125.0] against the baseline's 150.0 "
        "[145.0, 155.0]"
    )
    of = tags(tracker)
    assert (of["gate.champion_before"], of["gate.baseline_before"]) == ("none", "guidance=2")
    assert of[f"gate.baseline.{FD}"] == "150 [145, 155]"
    assert f"gate.champion.{FD}" not in of
    assert (of["base.key"], of["base.registered"]) == ("ba5e", "digits@3")
    assert of["finetune.kind"] == "lora"
    assert "base.given" not in of


@pytest.mark.parametrize(
    ("value", "changes", "why"),
    [
        (148.0, {}, "not better beyond the intervals"),
        (180.0, {}, "worse, by the intervals"),
        (1.0, {"n_generated": 9}, "not comparable, the protocols differ: n_generated 500 against"),
    ],
)
def test_the_first_that_does_not_is_candidate_alone(
    tracker: Tracker, tune: Enter, value: float, changes: dict[str, Any], why: str
) -> None:
    found = tune("a1", value, **changes)
    assert found.aliases == ("candidate",)
    assert found.reason.startswith(why)
    assert tags(tracker)["gate.promoted"] == "false"
    assert not promote(tracker, "bold", better_by(FD)).case.decision.promote


def test_a_figure_that_the_gate_asks_for_and_that_was_not_measured_is_no_pass(
    tracker: Tracker, tune: Enter
) -> None:
    asked = {FD: MetricGate(better_than_champion=True), "elbo_bpd": MetricGate(at_most=3.0)}
    found = tune("a1", 100.0, Gate(metrics=asked))
    assert not found.champion
    assert found.reason.startswith("no elbo_bpd in its record")
    against = {RECALL: MetricGate(not_worse_than_champion_by=0.1)}
    held = promote(tracker, "bold", Gate(metrics=against), dry_run=True).case.decision
    assert not held.promote
    assert f"measured by {RECALL}, the baseline by {FD}" in held.reason


def test_later_ones_are_held_against_the_champion_not_their_baseline(
    tracker: Tracker, tune: Enter
) -> None:
    tune("a1", 120.0)
    second = tune("b2", 130.0)
    assert second.aliases == ("candidate",)
    assert "against the champion's 120.0" in second.reason
    assert tune("c3", 100.0).champion
    assert tags(tracker, "3")["gate.champion_before"] == "1"
    assert "gate.baseline_before" not in tags(tracker, "3")
    rollback(tracker, "bold")
    done = promote(tracker, "bold", better_by(FD), "1", dry_run=True)
    assert (done.case.champion, done.case.baseline) == (None, "guidance=2")


def test_asking_again_decides_the_same_against_the_same_rival(
    tracker: Tracker, tune: Enter
) -> None:
    tune("a1", 120.0)
    before = tags(tracker)
    done = promote(tracker, "bold", better_by(FD))
    assert (done.was_champion, done.case.decision.promote) == (True, True)
    assert tags(tracker) == before
    held = "bold version 1 is champion already, held against its baseline (guidance=2)"
    assert title(done) == f"{held}: it passes the gate"
    assert done.case.columns[3] == "baseline"
    assert headline(done.case) == (
        "bold version 1, against its baseline (guidance=2), without a champion: accepted"
    )
    (decision,) = tracker.client.list_artifacts(_run(tracker), "gate/bold-1")
    path = tracker.client.download_artifacts(_run(tracker), f"{decision.path}/decision.json")
    kept = json.loads(Path(path).read_text())
    assert (kept["champion"], kept["baseline"], kept["accepted"]) == (None, "guidance=2", True)


def _run(tracker: Tracker) -> str:
    return str(tracker.client.get_model_version("bold", "1").run_id)


def test_what_was_trained_is_kept_alone_with_its_baseline_s_figures_and_its_base_s_key(
    tracker: Tracker, tune: Enter, adapter: Path, tmp_path: Path
) -> None:
    tune("a1", 120.0)
    (tmp_path / "into").mkdir()
    for found in (
        load_model_dir(tracker, "bold", "champion"),
        load_model_dir(tracker, "bold", "1", tmp_path / "into"),
    ):
        name = "adapter.safetensors"
        assert (found / name).read_bytes() == (adapter / name).read_bytes()
        assert not (found / "model.safetensors").exists()
        assert (found / "baseline" / "pseudo_values.npz").is_file()
        manifest = read_manifest(found)
        assert manifest["inputs"] == {"model": "ba5e"}
        assert manifest["base"] == {"registered": "digits@3"}
        card = (found / "README.md").read_text().splitlines()
        assert "An adapter of a diffusion model, trained and measured by alphabar." in card
        assert "- base.registered: digits@3" in card
        assert "- process.schedule: cosine" in card


@pytest.mark.parametrize("name", ["adapter.safetensors", "baseline/metrics.json"])
def test_a_damaged_file_of_a_fine_tune_is_named(tracker: Tracker, tune: Enter, name: str) -> None:
    tune("a1", 120.0)
    path = load_model_dir(tracker, "bold", "1") / name
    path.write_bytes(bytes(len(path.read_bytes())))
    with pytest.raises(AlphabarError, match="bold, version 1, cannot be used"):
        load_model_dir(tracker, "bold", "1")
    with pytest.raises(AlphabarError, match="damaged"):
        promote(tracker, "bold", better_by(FD))
