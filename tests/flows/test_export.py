"""`alphabar export`: what is written, and what is said of what is not."""

import json
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.json_file import load_json, write_json
from components.files.manifest import listed, write_manifest
from components.licences import LICENCES, licence_record, publish_licences
from components.spec.catalogue.entries import Licence
from components.spec.licences import Licensed, licence_of_data
from components.spec.sections.data import DataSpec
from flows.cli.export import export
from flows.cli.sampling_options import SamplingOptions
from tests.flows.untrained import write_untrained


def test_an_export_names_what_it_does_not_draw_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, told = write_untrained(tmp_path, "plain", "told")
    (told / "sampling.json").write_text(
        json.dumps({"solver": "ddpm", "steps": 30, "guidance": 3.0})
    )
    export(str(plain), tmp_path / "one")
    said = capsys.readouterr().out
    assert "draws the same images" in said
    assert "README.md shows how; it holds scheduler/, unet/" in said
    assert "DPMSolverMultistepScheduler (diffusers' own), solver_order=1, trailing grid" in said
    assert "Not diffusers' DDIMScheduler" in said
    export(str(told), out=tmp_path / "two")
    assert "not exported: alphabar draws with solver `ddpm`" in capsys.readouterr().out
    readme = (tmp_path / "two" / "README.md").read_text()
    assert "solver `ddpm`" in readme
    assert "Drawn in 30 steps at guidance 3" in readme
    options = SamplingOptions(steps=20, guidance=1.5)
    export(str(told), tmp_path / "three", options=options, solver="dpmpp_2m")
    assert "not exported" not in capsys.readouterr().out
    readme = (tmp_path / "three" / "README.md").read_text()
    assert "Drawn in 20 steps at guidance 1.5" in readme
    assert "DPM-Solver++(2M)" in readme


def test_the_licences_of_a_model_travel_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model,) = write_untrained(tmp_path, "model")
    emoji = licence_of_data(DataSpec(source="openmoji"))
    write_json(model / LICENCES, licence_record(emoji))
    for source, out in ((model, tmp_path / "one"), (tmp_path / "one", tmp_path / "two")):
        export(str(source), out)
        assert "licence of images (openmoji): CC BY-SA 4.0" in capsys.readouterr().out
        readme = (out / "README.md").read_text()
        assert readme.startswith("---\nlicense: cc-by-sa-4.0\nlibrary_name: diffusers\n---\n")
        assert "All emojis designed by OpenMoji" in readme
        assert load_json(out / LICENCES) == licence_record(emoji)


def test_an_export_names_the_licences_of_weights_and_of_images_of_a_model_in_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (model,) = write_untrained(tmp_path, "model")
    publish_licences(model, [Licensed("weights (sd)", Licence("creativeml-openrail-m"))])
    prepared = tmp_path / "artifacts" / "prepare" / ("a" * 64)
    prepared.mkdir(parents=True)
    said = {"spec": {"source": "digits"}, "unkeyed": {"license": "CC0 1.0"}}
    write_manifest(prepared, {"stage": "prepare", "files": {}, **said})
    files = {path.name: path for path in model.iterdir()}
    inputs = {"data": prepared.name}
    write_manifest(model, {"stage": "train", "files": listed(files), "inputs": inputs})
    export(str(model), tmp_path / "out")
    assert "licence of images (digits): CC0 1.0." in (out := capsys.readouterr().out)
    assert "licence of weights (sd): creativeml-openrail-m." in out
    names = [entry["of"] for entry in load_json(tmp_path / "out" / LICENCES)]
    assert names == ["images (digits)", "weights (sd)"]


def test_broken_settings_leave_no_folder(tmp_path: Path) -> None:
    (model,) = write_untrained(tmp_path, "model")
    (model / "sampling.json").write_text(json.dumps({"solver": "none such"}))
    with pytest.raises(AlphabarError, match="none such"):
        export(str(model), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_one_new_folder_must_be_named(tmp_path: Path) -> None:
    (model,) = write_untrained(tmp_path, "model")
    for folders in ({}, {"to": tmp_path / "one", "out": tmp_path / "two"}):
        with pytest.raises(AlphabarError, match="one new folder is needed"):
            export(str(model), **folders)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(AlphabarError, match="taken exists already"):
        export(str(model), tmp_path / "taken")
