"""The stage `sample` draws from the weights that are asked for."""

import csv
from pathlib import Path

import numpy as np
import pytest

from components.data.metadata import read_table
from components.errors import AlphabarError
from components.evaluation.images.image_sources import Source, read_source
from components.files.digests import file_sha256
from components.files.tables import read_csv
from components.generation.prompts import Prompts
from components.generation.sample import sample, write_samples
from components.generation.sampler import Sampler
from components.licences import licences_in, publish_licences
from components.networks.checkpoint import new_checkpoint, save_checkpoint
from components.networks.conditioners import CONDITIONERS, Conditioner, Given
from components.networks.ema_snapshots import FOLDER, write_snapshot
from components.runtime import Runtime, silent
from components.spec.catalogue.entries import Licence
from components.spec.licences import Licensed
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import DIGITS, model_config

CONFIG = model_config(classes=DIGITS)


def model(folder: Path, seed: int) -> Path:
    folder.mkdir()
    save_checkpoint(folder, CONFIG, new_checkpoint(CONFIG, seed).network)
    return folder


def sampled(folder: Path, data: Path, out: Path, ema_length: float | None = None) -> np.ndarray:
    out.mkdir()
    sampling = SamplingSpec(steps=2, ema_length=ema_length)
    spec = {"sampling": sampling.model_dump(mode="json"), "samples": 4}
    sample(spec, {"model": folder, "data": data}, out, Runtime(accelerator="cpu"))
    return np.load(out / "images.npy")


def test_an_ema_length_draws_from_the_average_of_that_length(tmp_path: Path, digits: Path) -> None:
    trained = model(tmp_path / "trained", seed=0)
    for sigma_rel, seed in ((0.05, 1), (0.10, 2)):
        network = new_checkpoint(CONFIG, seed).network
        write_snapshot(trained / FOLDER, CONFIG, network, sigma_rel, step=5)
    short = sampled(trained, digits, tmp_path / "short", ema_length=0.05)
    theirs = [Licensed("weights (sd)", Licence("creativeml-openrail-m"))]
    publish_licences(trained, theirs)
    published = sampled(trained, digits, tmp_path / "published")
    expected = sampled(model(tmp_path / "alone", seed=1), digits, tmp_path / "expected")
    assert np.abs(short.astype(int) - expected).max() <= 1, "one grey level of rounding"
    assert np.abs(short.astype(int) - published).max() > 20
    assert licences_in(tmp_path / "published") == theirs


def test_encoders_of_the_stage_look_for_weights_where_the_runtime_says(
    tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path | None] = []
    made = CONDITIONERS["class"]

    def watched(given: Given) -> Conditioner:
        seen.append(given.weights)
        return made(given)

    monkeypatch.setitem(CONDITIONERS, "class", watched)
    spec = {"sampling": SamplingSpec(steps=1).model_dump(mode="json"), "samples": 1}
    runtime = Runtime(accelerator="cpu", weights=tmp_path / "weights")
    sample(spec, {"model": model(tmp_path / "m", seed=0), "data": digits}, tmp_path, runtime)
    assert tmp_path / "weights" in seen


def test_an_ema_length_without_snapshots_draws_nothing(tmp_path: Path, digits: Path) -> None:
    with pytest.raises(AlphabarError, match="training.ema_snapshots"):
        sampled(model(tmp_path / "trained", seed=0), digits, tmp_path / "out", ema_length=0.05)
    assert not list((tmp_path / "out").iterdir())


def asked_by(file: Path, folder: Path, data: Path, out: Path, digest: str = "") -> Source:
    out.mkdir()
    sampling = SamplingSpec(steps=1).model_dump(mode="json")
    prompts = {"file": file.name, "sha256": digest or file_sha256(file)}
    spec = {"sampling": sampling, "samples": 5, "prompts": prompts}
    inputs = {"model": folder, "data": data, "prompts": file}
    sample(spec, inputs, out, Runtime(accelerator="cpu"))
    return read_source(out)


def test_a_file_of_prompts_says_what_is_drawn_and_in_which_groups(
    tmp_path: Path, digits: Path
) -> None:
    config = model_config("minilm", classes=())
    folder = tmp_path / "model"
    folder.mkdir()
    save_checkpoint(folder, config, new_checkpoint(config, 0).network)
    file = tmp_path / "p.tsv"
    file.write_text("Prompt\tCategory\n=cat\tAnimals\nfog\t\n")
    found = asked_by(file, folder, digits, tmp_path / "out").images
    assert list(found.captions) == ["=cat", "fog", "=cat", "fog", "=cat"]
    assert list(found.prompt_groups) == ["Animals", "", "Animals", "", "Animals"]
    assert {name: rows.tolist() for name, rows in found.groups("class").items()} == {
        "Animals": [0, 2, 4]
    }
    file.write_text("Prompt\ncat\n")
    with pytest.raises(AlphabarError, match=r"p.tsv was changed since the plan was made"):
        asked_by(file, folder, digits, tmp_path / "again", digest="0" * 64)


def test_a_model_of_classes_is_asked_by_their_names(tmp_path: Path, digits: Path) -> None:
    file, folder = tmp_path / "p.txt", model(tmp_path / "m", seed=0)
    file.write_text("7\n3\n")
    found = asked_by(file, folder, digits, tmp_path / "out").images
    assert found.classes.tolist() == [7, 3, 7, 3, 7]
    assert not found.prompt_groups
    file.write_text("seven\n")
    with pytest.raises(AlphabarError, match="no class `seven`"):
        asked_by(file, folder, digits, tmp_path / "other")


def test_captions_that_a_spreadsheet_would_run_are_neutral_in_both_tables_and_come_back_whole(
    tmp_path: Path,
) -> None:
    config = model_config("none", classes=DIGITS)
    captions = ("=cat", "\u00a0+1", "\u200b-1", "\ufeff@a", "'=cat", "two\rlines", "plain")
    many = len(captions)
    prompts = Prompts((-1,) * many, ("",) * many, captions)
    untrained = new_checkpoint(config, 0)
    sampler = Sampler(untrained, SamplingSpec(steps=1, guidance=1))
    write_samples(sampler, prompts, tmp_path, silent, about={})
    for table in (tmp_path / "samples.csv", tmp_path / "images" / "metadata.csv"):
        with table.open(encoding="utf-8", newline="") as file:
            cells = [row["caption"] for row in csv.DictReader(file)]
        assert cells == [*("'" + caption for caption in captions[:5]), *captions[5:]]
        assert tuple(row["caption"] for row in read_csv(table)) == captions
    assert tuple(read_source(tmp_path).images.captions) == captions
    listed = [record["caption"] for _, record in read_table(tmp_path / "images").records]
    assert tuple(listed) == captions
