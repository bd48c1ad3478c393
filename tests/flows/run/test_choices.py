"""What `auto` comes to here: measured by real steps, kept, found again, told by a plan."""

import multiprocessing
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.files.json_file import write_json
from components.spec.loading import parse_experiment
from components.spec.plan import Compute, Plan
from components.speed.kept import FOLDER, Kept
from components.speed.load import Load
from flows.run.choices import Choices, question_of
from flows.run.loads import Surroundings, load_of
from flows.run.machine import resolved
from flows.run.measuring import Measuring
from flows.run.outside import plan_here
from flows.run.planning import describe_plan, print_plan
from flows.run.verification import check_plan
from flows.workspace import Workspace

AUTO = {"precision": "auto", "compile": "auto"}
FILE: dict[str, Any] = {
    "name": "autos",
    "data": {"source": "digits", "size": 8, "holdout": 0.3},
    "conditioning": {"encoder": "class"},
    "network": {"channels": [8], "layers_per_block": 1},
    "training": {"steps": 20_000, "batch_size": 4, "evaluate_every": 0},
    "sampling": {"steps": 2},
    "evaluation": {"samples": 24, "clip": "none"},
    "runner": {"threads": 1, "accelerator": "cpu"},
}


def file_with(**sections: dict[str, Any]) -> dict[str, Any]:
    return FILE | {name: FILE.get(name, {}) | own for name, own in sections.items()}


def planned(values: dict[str, Any], place: Workspace, choices: Choices | None = None) -> Plan:
    return plan_here(parse_experiment(values, "test"), place, lambda _: "f2", choices)


def measured(values: dict[str, Any], place: Workspace, said: list[str] | None = None) -> Plan:
    with Choices((said if said is not None else []).append, measures=True) as choices:
        return planned(values, place, choices)


def load_in(values: dict[str, Any], place: Workspace, part: str) -> Load:
    experiment = parse_experiment(values, "test")
    return load_of(experiment, part, Surroundings(resolved(experiment.runner), place.root))


def keep(place: Workspace, load: Load, asked: Mapping[str, Any], found: Mapping[str, Any]) -> Path:
    """Put a measurement into the store, as if this machine had made it."""
    question = question_of(load, **asked)
    path = Kept(place.store_root / FOLDER, print).path(question)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"question": question, "measured": found})
    return path


def keep_both(place: Workspace, values: dict[str, Any], part: str = "training") -> Path:
    """bf16 is faster, and compiling it saves 0.07 s a step."""
    load = load_in(values, place, part)
    seconds = {"32-true": 0.74, "bf16-mixed": 0.47}
    path = keep(place, load, {"precisions": ["32-true", "bf16-mixed"]}, seconds)
    compiled = {"compile_seconds": 81.0, "eager": 0.47, "compiled": 0.40}
    keep(place, load, {"compiled": "bf16-mixed"}, compiled)
    return path


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, tmp_path / "artifacts")


def test_a_run_measures_once_and_later_plans_find_that(place: Workspace) -> None:
    values = file_with(training={"precision": "auto", "steps": 9}, sampling={"precision": "auto"})
    said: list[str] = []
    plan = measured(values, place, said)
    words = (
        "training: measuring 32-true beside bf16-mixed on this machine, once: some 20 s, "
        "best with nothing else at work"
    )
    assert said == [words, words.replace("training", "sampling")]
    assert len(list((place.store_root / FOLDER).glob("*.json"))) == 2
    again: list[str] = []
    assert [node.key for node in measured(values, place, again).nodes()] == [
        node.key for node in plan.nodes()
    ]
    assert again == []
    choices = Choices()
    assert [node.key for node in planned(values, place, choices).nodes()] == [
        node.key for node in plan.nodes()
    ]
    training, sampling = choices.made
    assert training.measured
    assert sampling.measured
    precision = plan.cells[0].train.spec["training"]["precision"]
    assert precision == training.precision
    explicit = file_with(training={"precision": precision, "steps": 9})
    explicit["sampling"] = {"steps": 2, "precision": sampling.precision}
    assert [node.key for node in planned(explicit, place).nodes()] == [
        node.key for node in plan.nodes()
    ]


def test_a_kept_choice_decides_and_has_the_keys_of_a_file_that_says_so(place: Workspace) -> None:
    values = file_with(training=AUTO)
    keep_both(place, values)
    explicit = file_with(training={"precision": "bf16-mixed", "compile": "on"})
    keys = [node.key for node in planned(explicit, place).nodes()]
    assert [node.key for node in planned(values, place).nodes()] == keys
    said: list[str] = []
    assert [node.key for node in measured(values, place, said).nodes()] == keys
    assert said == []


def test_a_damaged_choice_is_said_and_measured_anew(place: Workspace) -> None:
    values = file_with(training={"precision": "auto", "steps": 9})
    path = keep_both(place, values)
    path.write_text("{")
    described = describe_plan(parse_experiment(values, "test"), place)
    assert described.notes[0] == f"note: {path} is damaged: it is measured anew by the next run"
    said: list[str] = []
    measured(values, place, said)
    assert said[0] == described.notes[0]
    assert said[1].startswith("training: measuring 32-true beside bf16-mixed")
    assert Kept(path.parent, said.append).find(
        question_of(load_in(values, place, "training"), precisions=["32-true", "bf16-mixed"])
    )


def test_few_steps_are_not_compiled_and_nothing_is_compiled_to_find_that_out(
    place: Workspace,
) -> None:
    values, said = file_with(training={"compile": "auto", "steps": 3}), list[str]()
    with Choices(said.append, measures=True) as choices:
        plan = planned(values, place, choices)
    alone = "best with nothing else at work"
    assert said == [f"training: measuring 32-true on this machine, once: some 20 s, {alone}"]
    assert "compile" not in plan.cells[0].train.spec["training"]
    assert choices.notes()[0].endswith(
        "not compiled: all 3 steps take about 1 s, and compiling more"
    )


def test_the_plan_says_the_break_even(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    values = file_with(training=AUTO)
    keep_both(place, values)
    print_plan(describe_plan(parse_experiment(values, "test"), place))
    words = (
        "training: bf16-mixed (0.47 s a step; 32-true 0.74 s), compiled: 81 s once, saves 70 ms a "
        "step, paid from step 1,158 of 20,000"
    )
    assert words in capsys.readouterr().out
    asked = file_with(training={"precision": "bf16-mixed", "compile": "on", "steps": 1000})
    print_plan(describe_plan(parse_experiment(asked, "test"), place))
    printed = capsys.readouterr().out
    assert "compiled: 81 s once, saves 70 ms a step, paid from step 1,158 of 1,000" in printed
    assert "warning: `training.compile: on` does not pay" in printed


def test_sampling_is_compiled_where_the_images_are_enough(place: Workspace) -> None:
    many = file_with(sampling=AUTO | {"steps": 500}, evaluation={"samples": 50_000})
    few = file_with(sampling=AUTO | {"steps": 2}, evaluation={"samples": 64})
    keep_both(place, many, "sampling")
    assert load_in(many, place, "sampling") == load_in(few, place, "sampling")
    samples = [planned(values, place).cells[0].sample.spec["sampling"] for values in (many, few)]
    assert [each.get("compile") for each in samples] == ["on", None]
    assert [each["precision"] for each in samples] == ["bf16-mixed", "bf16-mixed"]


def test_a_plan_without_a_measurement_says_so_and_loads_no_torch(place: Workspace) -> None:
    values = file_with(training=AUTO)
    code = (
        "import sys; from pathlib import Path;"
        "from components.spec.loading import parse_experiment;"
        "from flows.run.planning import describe_plan, print_plan;"
        "from flows.workspace import Workspace;"
        f"root = Path({str(place.root)!r});"
        f"plan = describe_plan(parse_experiment({values!r}, 'test'), Workspace(root, root));"
        "print_plan(plan); print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert (
        "is not measured on this machine yet; planned with 32-true, not compiled" in result.stdout
    )
    assert "keys may change" in result.stdout
    assert result.stdout.endswith("False\n")
    assert not (place.root / FOLDER).exists()


def test_what_speed_depends_on_is_measured_apart(place: Workspace) -> None:
    load = load_in(file_with(), place, "training")
    assert load == load_in(
        file_with(training={"steps": 5, "seed": 3, "lr": 0.5}), place, "training"
    )
    for section, own in (
        ("training", {"batch_size": 5}),
        ("training", {"accumulate": 2}),
        ("training", {"gradient_checkpointing": True}),
        ("network", {"channels": [16]}),
        ("data", {"size": 16}),
        ("conditioning", {"encoder": "minilm"}),
        ("runner", {"threads": 2}),
        ("codec", {"kind": "autoencoder", "latent_channels": 3, "downsample": 2}),
    ):
        assert load_in(file_with(**{section: own}), place, "training") != load


def test_text_has_the_width_of_its_encoder(place: Workspace) -> None:
    values = file_with(conditioning={"encoder": "minilm", "max_tokens": 9})
    load = load_in(values, place, "training")
    assert (load.width, load.tokens, load.classes) == (384, 9, False)


def test_latents_have_the_shape_of_the_codec(place: Workspace) -> None:
    codec = {"kind": "autoencoder", "latent_channels": 3, "downsample": 2}
    assert load_in(file_with(codec=codec), place, "training").shape == (3, 4, 4)


def test_without_a_compiler_auto_is_off_and_on_is_refused(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    values = file_with(training=AUTO)
    keep_both(place, values)
    choices = Choices()
    plan = planned(values, place, choices)
    assert "compile" not in plan.cells[0].train.spec["training"]
    assert choices.notes()[0].endswith("not compiled: there is no C++ compiler (g++)")
    asked = file_with(training={"compile": "on"})
    for refused in (
        lambda: check_plan(planned(asked, place), place.store, contents=False),
        lambda: describe_plan(parse_experiment(asked, "test"), place),
    ):
        with pytest.raises(AlphabarError, match="finds no C\\+\\+ compiler"):
            refused()


def test_half_precision_is_refused_on_a_processor_before_anything_is_measured(
    place: Workspace,
) -> None:
    values, said = file_with(training={"precision": "16-mixed", "compile": "auto"}), list[str]()
    with pytest.raises(AlphabarError, match="is not computed on a CPU"):
        measured(values, place, said)
    assert said == []


def test_a_measurement_that_fails_says_how_to_go_on(place: Workspace) -> None:
    load = Load({"kind": "unet"}, (1, 8, 8), 4, "cpu", 1, optimizer="adamw")
    with Measuring() as measuring, pytest.raises(AlphabarError) as refused:
        measuring.precisions(load, ["32-true"])
    assert "the speed of a step could not be measured" in refused.value.what
    whole = {"kind": "unet", "channels": [8], "layers_per_block": 1, "dropout": 0.0}
    gone = Load(whole, (1, 8, 8), 4, "cpu", 1, optimizer="none such")
    with Measuring() as measuring, pytest.raises(AlphabarError, match="ended: KeyError"):
        measuring.precisions(gone, ["32-true"])


def test_the_process_that_measures_ends_with_who_asks() -> None:
    load = Load(
        {"kind": "unet", "channels": [8], "layers_per_block": 1, "dropout": 0.0},
        (1, 8, 8),
        4,
        "cpu",
        1,
    )
    with Measuring() as measuring:
        assert measuring.precisions(load, ["32-true"])["32-true"] > 0
        process = measuring._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()  # as when the one that asks is killed
        assert process.wait(timeout=60) == 0


def run_once(root: Path, results: Any) -> None:
    """Plan as a run does, in a process of its own."""
    values = file_with(training={"precision": "auto", "steps": 9})
    plan = measured(values, Workspace(root, root / "artifacts"))
    results.put(plan.cells[0].train.key)


def test_two_runs_at_once_agree(place: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    runs = [context.Process(target=run_once, args=(place.root, results)) for _ in range(2)]
    for run in runs:
        run.start()
    keys = {results.get(timeout=300) for _ in runs}
    for run in runs:
        run.join()
    assert len(keys) == 1
    assert len(list((place.store_root / FOLDER).glob("*.json"))) == 1


def test_threads_and_accelerator_are_the_run_s(place: Workspace) -> None:
    around = Surroundings(Compute(3, "gpu"), place.root)
    load = load_of(parse_experiment(FILE, "test"), "sampling", around)
    assert (load.threads, load.accelerator, load.trains) == (3, "gpu", False)
