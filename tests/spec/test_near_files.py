"""The file that was meant: of the right kind, and near."""

from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.spec.gate import load_gate
from components.spec.loading import load_experiment
from components.spec.near_files import GATE_KEYS, near_files, near_path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    experiment = "name: x\ndata: {source: digits}\n"
    contents = {
        "dvc.yaml": "stages: {}\nmetrics: [a.json]\n",
        "gates.yaml": "metrics: {}\n",
        "params.yaml": experiment,
        "experiments/digits.yaml": experiment,
        "experiments/solvers.yaml": experiment,
    }
    (tmp_path / "experiments").mkdir()
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("experiments/digit.yaml", "did you mean experiments/digits.yaml?"),
        ("digits.yaml", "did you mean experiments/digits.yaml?"),
        ("digits", "did you mean experiments/digits.yaml?"),
        ("parms.yaml", "did you mean params.yaml?"),
        ("nowhere/solver.yml", "did you mean experiments/solvers.yaml?"),
        *(
            (
                name,
                "give one that there is: params.yaml, experiments/digits.yaml, "
                "experiments/solvers.yaml",
            )
            for name in ("nosuch.yaml", "dvc.yml", "gate.yaml")
        ),
        (
            "experiments",
            "give one that there is: experiments/digits.yaml, experiments/solvers.yaml",
        ),
    ],
)
def test_an_experiment_is_suggested_where_one_is_missing(
    project: Path, name: str, remedy: str
) -> None:
    with pytest.raises(AlphabarError) as caught:
        load_experiment(Path(name))
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize("content", ["", "- a list\n", "a text\n"])
def test_a_file_that_is_there_and_holds_nothing_gets_one_to_start_from(
    project: Path, content: str
) -> None:
    (project / "digit.yaml").write_text(content)
    with pytest.raises(AlphabarError) as caught:
        load_experiment(Path("digit.yaml"))
    assert caught.value.remedy == (
        "write keys such as `data` and `name` into it; start from experiments/digits.yaml"
    )
    with pytest.raises(AlphabarError) as caught:
        load_gate(Path("digit.yaml"))
    assert caught.value.remedy.endswith("start from gates.yaml")


@pytest.mark.parametrize("name", ["gate.yaml", "dvc.yml"])
def test_a_gate_is_suggested_where_one_is_missing(project: Path, name: str) -> None:
    with pytest.raises(AlphabarError) as caught:
        load_gate(Path(name))
    assert caught.value.remedy in (
        "did you mean gates.yaml?",
        "give one that there is: gates.yaml",
    )


def test_without_any_file_of_the_kind_none_is_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AlphabarError, match="give the path of a file that there is"):
        load_experiment(Path("digits.yaml"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gates.yaml", "gates.yaml is a gate file (it has `metrics`), not an experiment file"),
        ("dvc.yaml", "dvc.yaml is a pipeline of DVC (it has `stages`), not an experiment file"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(project: Path, name: str, said: str) -> None:
    with pytest.raises(AlphabarError) as caught:
        load_experiment(Path(name))
    assert caught.value.what == said
    with pytest.raises(AlphabarError, match="is an experiment file .*, not a gate file"):
        load_gate(Path("params.yaml"))


def test_a_path_is_mended_part_by_part_among_what_has_its_suffix(project: Path) -> None:
    (project / "experiments" / "digits.yml").touch()
    assert near_path(Path("experimnts/digit.yaml")) == "did you mean experiments/digits.yaml? "
    assert near_path(Path("experiments/digits.yaml")) == ""
    assert near_path(Path("experiments/digits.safetensors")) == ""
    assert near_path(Path("nothing/like/it")) == ""


def test_a_file_is_named_once_whether_it_is_looked_for_by_a_whole_path_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gates.yaml").write_text("metrics: {}")
    remedy = near_files(tmp_path / "other.yaml", GATE_KEYS)
    assert remedy.count("gates.yaml") == 1
