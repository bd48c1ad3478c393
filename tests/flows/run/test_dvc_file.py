"""dvc.yaml follows from params.yaml, and says when it does not."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import AlphabarError
from components.spec.loading import parse_experiment
from components.spec.plan import STAGE_VERSIONS
from flows.run.dvc_file import check_dvc_file, dvc_file, write_dvc_file
from flows.run.single_stage import refuse_other_code, whole_plan
from flows.workspace import Workspace
from tests.plugin_package import Install
from tests.tiny_text_encoders import tiny_clip

ROOT = Path(__file__).parents[3]
PARAMS: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())


def workspace(root: Path, **changed: Any) -> Workspace:
    """A root with the shipped params.yaml, but for some sections (None: without)."""
    params = {key: value for key, value in (PARAMS | changed).items() if value is not None}
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return Workspace(root, root / "artifacts")


def stages(place: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(dvc_file(place))["stages"]
    return found


def test_the_committed_file_is_what_its_params_say() -> None:
    check_dvc_file(Workspace.here(root=ROOT))


def test_a_file_is_written_once_and_again_when_params_have_other_stages(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    with pytest.raises(AlphabarError, match=r"dvc\.yaml does not exist") as caught:
        check_dvc_file(place)
    assert caught.value.remedy == "write it: alphabar dvc write"
    assert write_dvc_file(place)
    assert not write_dvc_file(place)
    workspace(tmp_path, sampling=PARAMS["sampling"] | {"steps": 7})
    check_dvc_file(place)  # another value is DVC's to see
    workspace(tmp_path, finetune=None, study=None)
    with pytest.raises(AlphabarError, match=r"is not what params\.yaml says"):
        check_dvc_file(place)
    assert write_dvc_file(place)
    assert not {"finetune", "prepare-finetune", "study"} & set(stages(place))


def test_what_captions_are_read_with_is_followed(tmp_path: Path) -> None:
    home = tiny_clip(tmp_path / "pipe" / "text_encoder", tokenizer=tmp_path / "pipe" / "tokenizer")
    conditioning = {"encoder": f"clip:{home}"}
    evaluation = PARAMS["evaluation"] | {"classifier": "none"}
    found = stages(workspace(tmp_path, conditioning=conditioning, evaluation=evaluation))
    reading = {name for name, said in found.items() if "pipe/text_encoder" in said["deps"]}
    assert {name.partition("-")[0] for name in reading} == {"encode", "train"}
    assert all("pipe/tokenizer" in found[name]["deps"] for name in reading)


def test_a_stage_follows_what_it_reads_of_the_params_and_no_more(tmp_path: Path) -> None:
    judged = {"samples": 40, "likelihood": "elbo", "confidence": 0.9}
    found = stages(workspace(tmp_path, evaluation=judged, runner=None, scorer=None))
    assert found["likelihood"]["params"] == ["evaluation.confidence"]
    assert found["evaluate"]["params"] == ["evaluation.samples", "evaluation.confidence"]
    assert found["sample"]["params"] == ["sampling", "evaluation.samples"]
    assert found["prepare-finetune"]["params"] == ["data", "finetune.style"]
    assert found["scorer"].get("params") is None, "none of its section is given"


def test_text_states_are_a_stage_of_their_own_where_captions_are_read(tmp_path: Path) -> None:
    told = {"encoder": "minilm", "dropout": 0.2}
    found = stages(workspace(tmp_path, conditioning=told, evaluation=None, runner=None))
    assert found["encode-text"]["cmd"].startswith("${alphabar} encode-text --version ")
    assert found["encode-text"]["params"] == ["conditioning.encoder"]
    assert found["encode-text"]["deps"][0] == "pipeline/prepare"
    assert "pipeline/encode-text" in found["train"]["deps"]
    assert "pipeline/encode-text-finetune" in found["finetune"]["deps"]
    assert "encode-text" not in stages(workspace(tmp_path))


def test_a_stage_follows_the_raw_data_that_it_reads(tmp_path: Path) -> None:
    assert stages(workspace(tmp_path))["prepare"]["deps"] == ["data/digits"]
    mine = {"source": "folder", "name": "mine", "size": 8}
    alone = workspace(tmp_path, data=mine, finetune=None, study=None)
    assert stages(alone)["prepare"]["deps"] == ["datasets/mine"]


def test_another_version_of_a_stage_is_another_command_of_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workspace(tmp_path)
    before = stages(place)
    monkeypatch.setitem(STAGE_VERSIONS, "sample", 1000)
    after = stages(place)
    changed = {name for name in after if after[name]["cmd"] != before[name]["cmd"]}
    assert changed == {"sample", "sample-finetuned"}
    assert after["sample"]["cmd"] == "${alphabar} sample --version 1000"
    nodes = whole_plan(parse_experiment(PARAMS, "file"), place, lambda data: "unread")
    (sampling,) = (node for node in nodes if node.name == "sample")
    refuse_other_code(sampling, [], 1000)
    with pytest.raises(AlphabarError, match="in version 4, and has version 1000"):
        refuse_other_code(sampling, [], 4)


def test_stages_that_judge_leave_numbers_for_git_and_no_others_do(tmp_path: Path) -> None:
    kept = {name: stage.get("metrics") for name, stage in stages(workspace(tmp_path)).items()}
    judging = {name for name in kept if name.partition("-")[0] in ("evaluate", "reference")}
    assert judging == {name for name in kept if kept[name]}
    assert kept["evaluate"] == [{"pipeline/evaluate.json": {"cache": False}}]


def test_a_file_of_the_users_own_is_not_overwritten(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    shutil.copy(ROOT / "gates.yaml", tmp_path / "dvc.yaml")
    with pytest.raises(AlphabarError, match="was not written by"):
        write_dvc_file(place)
    assert (tmp_path / "dvc.yaml").read_bytes() == (ROOT / "gates.yaml").read_bytes()


def test_params_that_cannot_be_planned_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(AlphabarError, match=r"params\.yaml does not exist") as caught:
        write_dvc_file(Workspace(tmp_path, tmp_path))
    assert "into params.yaml" in caught.value.remedy
    with pytest.raises(AlphabarError, match="sweep runs with `alphabar run`"):
        write_dvc_file(workspace(tmp_path, sweep={"sampling.guidance": [1, 2]}))
    with pytest.raises(AlphabarError, match=r"params\.yaml[^$]*stepz"):
        write_dvc_file(workspace(tmp_path, scorer={"stepz": 1}))
    assert not (tmp_path / "dvc.yaml").exists()


def test_another_version_of_a_plugin_is_another_command_of_the_stages_that_use_it(
    tmp_path: Path, install: Install
) -> None:
    install()
    place = workspace(tmp_path, sampling={"solver": "damped_euler", "steps": 4})
    found = stages(place)
    assert found["sample"]["cmd"].endswith(" --plugin damped==1.2")
    assert "--plugin" not in found["train"]["cmd"]
    install(version="1.3")
    assert stages(place)["sample"]["cmd"].endswith(" --plugin damped==1.3")
    given = yaml.safe_load((tmp_path / "params.yaml").read_text())
    nodes = whole_plan(parse_experiment(given, "file"), place, lambda data: "unread")
    (sampling,) = (node for node in nodes if node.name == "sample")
    refuse_other_code(sampling, ["damped==1.3"])
    with pytest.raises(AlphabarError, match=r"with damped==1\.2, and would use damped==1\.3"):
        refuse_other_code(sampling, ["damped==1.2"])
