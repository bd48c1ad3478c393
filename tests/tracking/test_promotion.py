import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from components.errors import AlphabarError
from components.figures.win_rate import WinRate
from components.spec.gate import Gate, MetricGate, PreferenceGate, better_by
from components.tracking import Registered, Tracker, load_model_dir, promote, rollback
from components.tracking.promotion import champions

Make = Callable[..., dict[str, Any]]
Enter = Callable[..., Registered]
FD, RECALL = "fd_efficientnet_lite0", "recall_efficientnet_lite0"
ANYTHING = Gate(metrics={FD: MetricGate(at_most=1e6)})
WRITES = (
    "log_text",
    "set_model_version_tag",
    "delete_model_version_tag",
    "set_registered_model_alias",
    "set_registered_model_tag",
)


def below(limit: float) -> Gate:
    return Gate(metrics={FD: MetricGate(at_most=limit)})


def champion(tracker: Tracker) -> str | None:
    found = tracker.client.get_registered_model("digits").aliases.get("champion")
    return None if found is None else str(found)


def tags(tracker: Tracker, version: str) -> dict[str, str]:
    found: dict[str, str] = tracker.client.get_model_version("digits", version).tags
    return found


def state(tracker: Tracker) -> dict[str, Any]:
    """All that is in the registry and the artifacts, but for when it was decided."""
    model = tracker.client.get_registered_model("digits")
    versions = tracker.client.search_model_versions("name='digits'")
    return {
        "aliases": {name: str(number) for name, number in model.aliases.items()},
        "tags": model.tags,
        **{
            str(v.version): {k: t for k, t in v.tags.items() if k != "gate.decision"}
            for v in versions
        },
    }


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("name", ["model.safetensors", "sampling.json", "README.md"])
def test_a_version_with_a_damaged_file_is_not_promoted(
    tracker: Tracker, enter: Enter, name: str, dry_run: bool
) -> None:
    enter("a1", 150.0)
    path = load_model_dir(tracker, "digits", "1") / name
    path.write_bytes(bytes(len(path.read_bytes())))
    before = state(tracker)
    with pytest.raises(AlphabarError, match=f"{name} is damaged"):
        promote(tracker, "digits", ANYTHING, "1", dry_run=dry_run)
    assert state(tracker) == before


def decisions(tracker: Tracker, version: str) -> list[dict[str, Any]]:
    """The kept decision.json files of a version, oldest first; its tag names the last."""
    found = tracker.client.get_model_version("digits", version)
    folder = f"gate/digits-{version}"
    files = tracker.client.list_artifacts(found.run_id, folder)
    names = sorted(f"{file.path}/decision.json" for file in files)
    assert found.tags["gate.decision"] == names[-1]
    return [
        json.loads(Path(tracker.client.download_artifacts(found.run_id, name)).read_text())
        for name in names
    ]


@pytest.fixture
def rivals(enter: Enter) -> None:
    """Version 1, the champion with an FD of 150, and version 2, within noise of it."""
    assert enter("a1", 150.0).champion
    assert not enter("b2", 145.0).champion


def test_a_gate_that_is_passed_makes_the_candidate_champion(tracker: Tracker, rivals: None) -> None:
    done = promote(tracker, "digits", below(146.0))
    assert (done.case.version, done.case.champion) == ("2", "1")
    assert done.case.decision.promote
    assert champion(tracker) == "2"
    found = tags(tracker, "2")
    assert (found["gate.promoted"], found["gate.champion_before"]) == ("true", "1")
    assert found[f"gate.candidate.{FD}"] == "145 [140, 150]"
    assert found[f"gate.condition.{FD}.at_most"].startswith("passed: ")


def test_a_rejected_version_stays_candidate_and_keeps_the_reasons(
    tracker: Tracker, rivals: None
) -> None:
    done = promote(tracker, "digits", below(100.0))
    assert not done.case.decision.promote
    aliases = tracker.client.get_registered_model("digits").aliases
    assert {name: str(number) for name, number in aliases.items()} == {
        "candidate": "2",
        "champion": "1",
    }
    found = tags(tracker, "2")
    assert found["gate.promoted"] == "false"
    assert "not at most 100" in found["gate.reason"]
    assert found[f"gate.condition.{FD}.at_most"].startswith("failed: ")


def test_the_decision_and_its_figures_are_an_artifact_of_the_run(
    tracker: Tracker, rivals: None
) -> None:
    promote(tracker, "digits", better_by(FD), study=None)
    promote(tracker, "digits", below(146.0))
    first, last = decisions(tracker, "2")
    assert (first["accepted"], last["accepted"]) == (False, True)
    (condition,) = first["conditions"]
    assert condition["candidate"]["value"] == 145.0
    assert condition["champion"]["protocol"]["data_hash"] == "abc"
    assert condition["difference"]["value"] == -5.0
    assert last["gate"]["metrics"][FD]["at_most"] == 146.0
    version = tracker.client.get_model_version("digits", "2")
    page = tracker.client.download_artifacts(
        version.run_id, version.tags["gate.decision"].replace(".json", ".md")
    )
    text = Path(page).read_text()
    assert f"| {FD} | at_most 146 | 145 [140, 150] |" in text
    assert "n_generated 500" in text


def test_a_later_decision_replaces_the_tags_of_the_one_before(
    tracker: Tracker, rivals: None
) -> None:
    promote(tracker, "digits", better_by(FD))
    assert f"gate.difference.{FD}" in tags(tracker, "2")
    promote(tracker, "digits", below(1.0))
    left = {name for name in tags(tracker, "2") if name.startswith("gate.")}
    assert f"gate.difference.{FD}" not in left
    assert f"gate.condition.{FD}.better_than_champion" not in left


@pytest.mark.parametrize("limit", [146.0, 1.0])
def test_a_second_call_decides_the_same_and_changes_nothing(
    tracker: Tracker, rivals: None, limit: float
) -> None:
    first = promote(tracker, "digits", below(limit))
    before, count = state(tracker), len(decisions(tracker, "2"))
    second = promote(tracker, "digits", below(limit))
    assert second.case.content() == first.case.content()
    assert second.was_champion is first.case.decision.promote
    assert (state(tracker), len(decisions(tracker, "2"))) == (before, count)


def test_a_dry_run_decides_and_writes_nothing(tracker: Tracker, rivals: None, root: Path) -> None:
    before, files = state(tracker), sorted(root.rglob("*"))
    done = promote(tracker, "digits", below(146.0), dry_run=True)
    assert done.case.decision.promote
    assert (state(tracker), sorted(root.rglob("*"))) == (before, files)


def test_a_champion_that_fails_the_gate_stays_champion(tracker: Tracker, rivals: None) -> None:
    done = promote(tracker, "digits", below(100.0), version="champion")
    assert done.was_champion
    assert not done.case.decision.promote
    assert champion(tracker) == "1"


def test_any_metric_of_the_record_can_be_asked_about(
    tracker: Tracker, enter: Enter, evaluation: Callable[..., Path], figure: Make
) -> None:
    for key, fd, recall in (("a1", 150.0, 0.5), ("b2", 100.0, 0.4)):
        records = {FD: figure(fd), RECALL: figure(recall, 0.05)}
        groups = {"food & drink": {FD: figure(fd / 2)}}
        enter(key, measured=evaluation(records, groups=groups))
    gate = Gate(
        metrics={
            RECALL: MetricGate(not_worse_than_champion_by=0.05),
            f"{FD}/food & drink": MetricGate(at_most=60.0),
        }
    )
    done = promote(tracker, "digits", gate)
    assert [each.passed for each in done.case.decision.conditions] == [False, True]
    assert tags(tracker, "2")[f"gate.champion.{RECALL}"] == "0.5 [0.45, 0.55]"


def test_the_study_is_among_the_figures(tracker: Tracker, rivals: None) -> None:
    gate = Gate(preference=PreferenceGate())
    assert not promote(tracker, "digits", gate).case.decision.promote
    study = WinRate(0.8, 0.6, 0.9, 0.95, 30)
    assert promote(tracker, "digits", gate, study=study).case.decision.promote
    assert json.loads(tags(tracker, "2")["gate.candidate.preference"])["low"] == 0.6
    assert decisions(tracker, "2")[-1]["conditions"][0]["win_rate"]["choices"] == 30


def test_a_version_that_is_not_there_is_named_with_those_that_are(
    tracker: Tracker, rivals: None
) -> None:
    for version in ("3", "baseline"):
        with pytest.raises(AlphabarError, match=f"digits@{version}") as caught:
            promote(tracker, "digits", ANYTHING, version=version)
        assert "candidate, champion, 1, 2" in caught.value.remedy


def test_a_record_that_is_gone_or_broken_is_named(tracker: Tracker, rivals: None) -> None:
    path = load_model_dir(tracker, "digits", "2") / "evaluation" / "metrics.json"
    before = state(tracker)
    for content in ("{", '{"metrics": [1]}', '{"metrics": {"fd_x": {"value": "x"}}}', "[]"):
        path.write_text(content)
        with pytest.raises(AlphabarError):
            promote(tracker, "digits", ANYTHING)
    path.unlink()
    with pytest.raises(AlphabarError, match=r"metrics\.json"):
        promote(tracker, "digits", ANYTHING)
    assert state(tracker) == before


def test_a_changed_figure_is_not_promoted_by(tracker: Tracker, rivals: None) -> None:
    path = load_model_dir(tracker, "digits", "2") / "evaluation" / "metrics.json"
    before = state(tracker)
    path.write_text(path.read_text().replace("1", "0", 1))  # still a record like any other
    with pytest.raises(AlphabarError, match="is damaged") as caught:
        promote(tracker, "digits", ANYTHING)
    assert str(path) in caught.value.what
    assert state(tracker) == before


def test_several_rollbacks_lead_back_to_the_first(tracker: Tracker, enter: Enter) -> None:
    for key, fd in (("a1", 150.0), ("b2", 130.0), ("c3", 110.0)):
        assert enter(key, fd).champion
    before = [(r.before, r.now) for r in (rollback(tracker, "digits") for _ in range(2))]
    assert before == [("3", "2"), ("2", "1")]
    assert champion(tracker) == "1"
    assert tags(tracker, "3")["gate.rolled_back"].endswith("to version 2")
    with pytest.raises(AlphabarError, match="none before it"):
        rollback(tracker, "digits")
    assert champion(tracker) == "1"


def test_rollback_follows_what_happened_not_the_numbers(tracker: Tracker, enter: Enter) -> None:
    for key, fd in (("a1", 150.0), ("b2", 130.0)):
        enter(key, fd)
    promote(tracker, "digits", ANYTHING, version="1")
    assert champions(tracker.client, "digits") == ["1", "2", "1"]
    assert [rollback(tracker, "digits").now for _ in range(2)] == ["2", "1"]
    with pytest.raises(AlphabarError, match="none before it"):
        rollback(tracker, "digits")


def test_rollback_passes_over_versions_that_were_deleted(tracker: Tracker, enter: Enter) -> None:
    for key, fd in (("a1", 150.0), ("b2", 130.0), ("c3", 110.0)):
        enter(key, fd)
    tracker.client.delete_model_version("digits", "2")
    assert rollback(tracker, "digits").now == "1"


def test_what_was_rolled_back_is_not_promoted_any_more(tracker: Tracker, rivals: None) -> None:
    promote(tracker, "digits", below(146.0))
    rollback(tracker, "digits")
    assert tags(tracker, "2")["gate.promoted"] == "false"
    assert tags(tracker, "1")["gate.promoted"] == "true"
    promote(tracker, "digits", below(146.0))
    found = tags(tracker, "2")
    assert found["gate.promoted"] == "true"
    assert "gate.rolled_back" not in found


def test_what_a_rollback_restores_is_as_before_its_own(tracker: Tracker, rivals: None) -> None:
    promote(tracker, "digits", below(146.0))
    rollback(tracker, "digits")
    tracker.client.set_registered_model_tag("digits", "alphabar.champions", '["1", "2", "1"]')
    assert rollback(tracker, "digits").now == "2"
    found = tags(tracker, "2")
    assert found["gate.promoted"] == "true"
    assert "gate.rolled_back" not in found


def test_only_where_there_was_a_champion_before_is_there_a_way_back(
    tracker: Tracker, rivals: None
) -> None:
    assert promote(tracker, "digits", below(1.0), version="champion").earlier is None
    with pytest.raises(AlphabarError, match="none before it") as caught:
        rollback(tracker, "digits")
    assert "alphabar promote digits --gate gates.yaml --version N" in caught.value.remedy
    promote(tracker, "digits", below(146.0))
    assert promote(tracker, "digits", below(1.0), version="champion").earlier == "1"
    assert rollback(tracker, "digits").now == "1"


def test_a_champion_that_was_made_by_hand_is_held_against_the_one_before_it(
    tracker: Tracker, rivals: None
) -> None:
    for name in ("gate.champion_before", "gate.promoted", "gate.digest"):
        tracker.client.delete_model_version_tag("digits", "2", name)
    tracker.client.set_registered_model_alias("digits", "champion", "2")
    done = promote(tracker, "digits", better_by(FD), version="champion", dry_run=True)
    assert done.case.champion == "1"
    assert not done.case.decision.promote
    assert "not better" in done.case.decision.reason


def test_a_champion_is_held_against_the_last_before_it_that_is_still_there(
    tracker: Tracker, enter: Enter
) -> None:
    for key, fd in (("a1", 150.0), ("b2", 130.0), ("c3", 110.0)):
        assert enter(key, fd).champion
    tracker.client.delete_model_version("digits", "2")
    done = promote(tracker, "digits", better_by(FD), version="champion", dry_run=True)
    assert (done.case.champion, done.earlier) == ("1", "1")


def test_a_champion_that_was_made_by_hand_is_part_of_the_history(
    tracker: Tracker, rivals: None
) -> None:
    tracker.client.set_registered_model_alias("digits", "champion", "2")
    assert champions(tracker.client, "digits") == ["1", "2"]
    assert rollback(tracker, "digits").now == "1"


class Killed(BaseException):
    """What a signal does to a process, at one of its writes."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int | None], list[str]]]:
    """Makes the n-th write to MLflow die before it is made; None lets all live, and counts."""
    originals = {name: getattr(MlflowClient, name) for name in WRITES}

    def arm(n: int | None) -> list[str]:
        seen: list[str] = []

        def dying(name: str) -> Callable[..., Any]:
            def write(*args: Any, **kwargs: Any) -> Any:
                if len(seen) == n:
                    raise Killed
                seen.append(name)
                return originals[name](*args, **kwargs)

            return write

        for name in WRITES:
            monkeypatch.setattr(MlflowClient, name, dying(name))
        return seen

    yield arm
    monkeypatch.undo()


def test_a_promotion_that_is_killed_at_its_last_writes_is_completed_by_the_next(
    tracker: Tracker, rivals: None, kill_at: Callable[[int | None], list[str]]
) -> None:
    gate = below(146.0)
    promote(tracker, "digits", below(1.0))
    writes = kill_at(None)
    promote(tracker, "digits", gate)
    assert writes[-3:] == [
        "set_registered_model_tag",
        "set_registered_model_alias",
        "set_model_version_tag",
    ]
    # one more write there: that it was rolled back is no longer true
    for n in range(len(writes) - 4, len(writes) + 1):
        kill_at(None)
        rollback(tracker, "digits")
        promote(tracker, "digits", below(1.0))  # version 2 is candidate again
        kill_at(n)
        with pytest.raises(Killed):
            promote(tracker, "digits", gate)
        kill_at(None)
        promote(tracker, "digits", gate)
        assert champion(tracker) == "2"
        assert champions(tracker.client, "digits") == ["1", "2"]
        found = tags(tracker, "2")
        assert (found["gate.promoted"], found["gate.champion_before"]) == ("true", "1")
        assert "gate.rolled_back" not in found
        assert decisions(tracker, "2")[-1]["accepted"]


def test_tags_that_a_kill_left_half_replaced_are_made_whole_by_either_gate(
    tracker: Tracker, rivals: None, kill_at: Callable[[int | None], list[str]]
) -> None:
    promote(tracker, "digits", better_by(FD))
    whole = state(tracker)
    writes = kill_at(None)
    promote(tracker, "digits", below(1.0))
    count = len(writes)
    for n in (1, 3, 6, count - 2):
        kill_at(None)
        promote(tracker, "digits", better_by(FD))
        kill_at(n)
        with pytest.raises(Killed):
            promote(tracker, "digits", below(1.0))
        kill_at(None)
        promote(tracker, "digits", better_by(FD))
        assert state(tracker) == whole, f"killed at write {n} of {count}"


def test_a_rollback_that_is_killed_at_any_write_is_completed_by_the_next(
    tracker: Tracker, rivals: None, kill_at: Callable[[int | None], list[str]]
) -> None:
    for n in range(4):
        kill_at(None)
        promote(tracker, "digits", below(146.0))
        assert champions(tracker.client, "digits") == ["1", "2"]
        kill_at(n)
        with pytest.raises(Killed):
            rollback(tracker, "digits")
        kill_at(None)
        if champion(tracker) == "2":
            rollback(tracker, "digits")
        assert champion(tracker) == "1"
        assert champions(tracker.client, "digits") == ["1"]
        assert tags(tracker, "2")["gate.promoted"] == "false"
        assert "gate.rolled_back" in tags(tracker, "2")
