"""What a model was trained on is followed back to the terms of its images."""

from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.files.json_file import write_json
from components.files.manifest import listed, read_manifest, write_manifest
from components.licences import (
    LICENCES,
    licence_of_weights,
    licence_record,
    licences_in,
    licences_of,
    licences_of_model,
    publish_licences,
)
from components.spec.catalogue.entries import Licence
from components.spec.licences import Licensed, licence_of_data, licence_of_encoder
from components.spec.loading import parse_experiment
from components.spec.plan import Node, plan_baselines
from components.spec.sections.data import DataSpec
from components.store import Store

PREPARED, ENCODED, TRAINED = "a" * 64, "b" * 64, "c" * 64


def trained(root: Path, data: dict[str, Any]) -> Path:
    """A model in the store below ``root``, by its manifests alone."""
    spec = DataSpec.model_validate(data).model_dump(mode="json")
    inputs = {
        f"prepare/{PREPARED}": {},
        f"encode/{ENCODED}": {"data": PREPARED},
        f"train/{TRAINED}": {"data": PREPARED, "latents": ENCODED, "gone": "d" * 64},
    }
    for name, by_role in inputs.items():
        folder, stage = root / "store" / name, name.partition("/")[0]
        folder.mkdir(parents=True)
        described = {"stage": stage, "key": folder.name, "spec": spec, "inputs": by_role}
        write_manifest(folder, described | {"files": {}})
    return root / "store" / "train" / TRAINED


def words(root: Path, folder: Path) -> list[str]:
    return [each.words for each in licences_of(folder, root / "store", root / "datasets")]


def test_a_source_that_is_known_says_whom_to_name_and_what_it_asks(tmp_path: Path) -> None:
    assert words(tmp_path, trained(tmp_path, {"source": "openmoji"})) == [
        "images (openmoji): CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/). "
        "All emojis designed by OpenMoji – the open-source emoji and icon project. License: "
        "CC BY-SA 4.0. https://openmoji.org. "
        "Share-alike: what is made of these drawings, and given on, is under the same licence."
    ]


@pytest.mark.parametrize("kept", ["best", "last"])
def test_weights_that_are_kept_beside_the_model_are_under_its_terms(
    tmp_path: Path, kept: str
) -> None:
    model = trained(tmp_path, {"source": "openmoji"})
    weights = Licensed("weights (base)", Licence("OpenRAIL", "openrail", ""))
    publish_licences(model, [weights])
    files = listed({LICENCES: model / LICENCES})
    write_manifest(model, read_manifest(model) | {"files": files})
    (model / kept).mkdir()
    found = licences_of(model / kept, tmp_path / "store", tmp_path / "datasets")
    assert [each.of for each in found] == ["images (openmoji)", "weights (base)"]


def test_the_users_own_images_say_it_in_a_file(tmp_path: Path) -> None:
    model = trained(tmp_path, {"source": "folder", "name": "mine"})
    assert words(tmp_path, model) == []
    mine = tmp_path / "datasets" / "mine"
    mine.mkdir(parents=True)
    (mine / "LICENSE.md").write_bytes(b"\xff\xfe\x00")
    assert words(tmp_path, model) == [f"images (mine): see {mine / 'LICENSE.md'}."]
    (mine / "LICENSE.md").write_text("\n  CC0 1.0 Universal \nand more\n")
    assert words(tmp_path, model) == ["images (mine): CC0 1.0 Universal."]


def test_a_subjects_folder_is_asked_for_its_terms_too(tmp_path: Path) -> None:
    folder = trained(tmp_path, {"source": "digits"})
    data = DataSpec(source="folder", name="mine").model_dump(mode="json")
    for stage, key, told in (
        ("subject", "e" * 64, {"spec": {"data": data}, "inputs": {"data": PREPARED}}),
        ("finetune", "f" * 64, {"spec": {}, "inputs": {"subject": "e" * 64, "model": folder.name}}),
    ):
        folder = tmp_path / "store" / stage / key
        folder.mkdir(parents=True)
        write_manifest(folder, {"stage": stage, "key": key, **told, "files": {}})
    (tmp_path / "datasets" / "mine").mkdir(parents=True)
    (tmp_path / "datasets" / "mine" / "LICENSE").write_text("All rights reserved by me\n")
    assert any("All rights reserved by me" in each for each in words(tmp_path, folder))


def test_the_experiment_file_has_the_last_word() -> None:
    data = DataSpec(source="folder", name="mine", license="CC BY 4.0, by me")
    assert [each.words for each in licence_of_data(data)] == ["images (mine): CC BY 4.0, by me."]
    assert licence_of_data(DataSpec(source="folder", name="mine")) == []


def test_the_record_of_a_folder_counts_where_its_inputs_are_gone(tmp_path: Path) -> None:
    found = [
        *licence_of_data(DataSpec(source="digits")),
        *licence_of_encoder({"encoder": "minilm"}),
    ]
    write_json(tmp_path / LICENCES, licence_record(found))
    assert licences_of(tmp_path, tmp_path, tmp_path) == found
    for broken in ("{", "[{}]", '{"of": 1}'):
        (tmp_path / LICENCES).write_text(broken)
        with pytest.raises(AlphabarError, match=r"licences.json is broken"):
            licences_of(tmp_path, tmp_path, tmp_path)


def test_a_pipelines_directory_says_it_in_its_readme_or_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "sd"
    folder.mkdir()
    write_json(folder / "model_index.json", {})
    assert words(tmp_path, folder) == []
    (folder / "LICENSE.md").write_text("CreativeML Open RAIL-M\n")
    assert words(tmp_path, folder) == ["weights (sd): CreativeML Open RAIL-M."]
    (folder / "README.md").write_text("no head\n")
    assert words(tmp_path, folder) == ["weights (sd): CreativeML Open RAIL-M."]
    (folder / "README.md").write_text("---\nlicense: creativeml-openrail-m\ntags: [a]\n---\n# SD\n")
    (found,) = licences_of(folder, tmp_path, tmp_path)
    assert (found.licence.name, found.licence.hub) == ("creativeml-openrail-m",) * 2
    (folder / "text_encoder").mkdir()
    assert licence_of_weights(folder / "text_encoder") == [found]
    (folder / "text_encoder" / "LICENSE").write_text("MIT")
    (own,) = licence_of_weights(folder / "text_encoder")
    assert own.words == "weights (text_encoder): MIT."
    cached = tmp_path / "models--openai--clip" / "snapshots" / "0123abc"
    cached.mkdir(parents=True)
    (cached / "LICENSE").write_text("MIT")
    assert words(tmp_path, cached) == []
    assert [each.words for each in licence_of_weights(cached)] == ["weights (openai/clip): MIT."]


def test_what_was_made_of_others_weights_is_under_their_terms_and_those_of_its_images(
    tmp_path: Path,
) -> None:
    model, store = trained(tmp_path, {"source": "openmoji"}), tmp_path / "store"
    publish_licences(model, [])
    assert not (model / LICENCES).exists()
    theirs = Licensed("weights (sd)", Licence("creativeml-openrail-m"))
    publish_licences(model, [theirs, theirs])
    files = listed({LICENCES: model / LICENCES})
    write_manifest(model, read_manifest(model) | {"files": files})
    assert licences_in(model) == [theirs]
    known = licence_of_data(DataSpec(source="openmoji"))
    assert licences_of(model, store, tmp_path) == [*known, theirs]
    values: dict[str, Any] = {"source": "openmoji", "license": "CC0 1.0"}
    own = licence_of_data(DataSpec(**values))
    for data, said in (({"source": "openmoji"}, known), (values, own)):
        file = parse_experiment({"name": "a", "data": data}, "test")
        encoder = licence_of_encoder(file.conditioning.model_dump())
        found = licences_of_model(file, model, store, tmp_path)
        assert set(found) == {*said, *encoder, theirs}


def test_the_store_remembers_what_the_file_said_of_the_images(tmp_path: Path) -> None:
    data, bare = (_prepare({"source": "digits"} | more) for more in ({"license": "CC0 1.0"}, {}))
    assert data.key == bare.key
    made = Store(tmp_path / "store").produce(data, lambda settings, inputs, out, scratch: None)
    assert words(tmp_path, made) == ["images (digits): CC0 1.0."]


def _prepare(data: dict[str, str]) -> Node:
    plan = plan_baselines(parse_experiment({"name": "a", "data": data}, "test"), lambda _: "hash")
    return plan.cells[0].train.inputs["data"]
