"""What a directory says of an experiment that trains from it, and what contradicts it."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from components.spec.loading import parse_experiment
from flows.run.pretrained import as_directory_says, network_hashes
from flows.run.pretrained_words import directory_notes
from flows.servers.form import parameters_of
from tests.tiny_pipelines import SD2_SCHEDULER, write_sd1, write_sd2, write_sd3, write_sdxl

ZERO = SD2_SCHEDULER | {"rescale_betas_zero_snr": True}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_sd1(tmp_path / "sd1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(root: Path, **values: Any) -> Any:
    whole = {
        "name": "from-a-directory",
        "data": {"source": "openmoji", "size": 16},
        "network": {"pretrained": "sd1"},
    }
    experiment = parse_experiment(whole | values, "the test")
    return as_directory_says(experiment, root, None)


def test_the_directory_says_process_codec_and_encoder(project: Path) -> None:
    found = said(project, conditioning={"dropout": 0.2})
    assert (found.process.schedule, found.process.prediction) == ("scaled_linear", "eps")
    assert found.process.steps_offset == 1
    assert found.codec.pretrained == str(project / "sd1")
    assert (found.conditioning.encoder, found.conditioning.dropout) == ("pipeline:sd1", 0.2)


def test_v_prediction_and_zero_snr_are_the_schedulers(project: Path) -> None:
    write_sd2(project / "sd2", ZERO)
    found = said(project, network={"pretrained": "sd2"}, process={"prediction": "v"})
    assert (found.process.prediction, found.process.zero_terminal_snr) == ("v", True)


def test_an_experiment_without_one_is_as_it_was(project: Path) -> None:
    experiment = parse_experiment({"name": "x", "data": {"source": "digits"}}, "the test")
    assert as_directory_says(experiment, project, None) is experiment


def test_a_scheduled_run_is_told_what_the_file_says_and_no_default(project: Path) -> None:
    values = {
        "name": "from-a-directory",
        "data": {"source": "openmoji", "size": 16},
        "network": {"pretrained": "sd1"},
    }
    experiment = parse_experiment(values, "the test")
    told = json.loads(json.dumps(parameters_of(experiment, "it.yaml", pin=True)["experiment"]))
    again = as_directory_says(Experiment.model_validate(told), project, None)
    assert again == as_directory_says(experiment, project, None)


def test_an_experiment_as_written_keeps_what_only_a_cell_of_it_reads() -> None:
    network = {"patch": 4, "depth": 3, "width": 64, "heads": 2}
    values = {"name": "x", "data": {"source": "digits", "size": 8}, "network": network}
    values["sweep"] = {"network.kind": ["unet", "transformer"]}
    assert parse_experiment(values, "the test").as_written()["network"] == network


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"process": {"prediction": "v"}}, r"`process.prediction: 'v'` contradicts .*says 'eps'"),
        ({"process": {"schedule": "cosine"}}, "`process.schedule: 'cosine'` contradicts"),
        ({"process": {"steps_offset": 0}}, "`process.steps_offset: 0` contradicts .*says 1"),
        ({"process": {"steps": 500}}, "`process.steps: 500` contradicts .*says 1000"),
        ({"sweep": {"process.schedule": ["linear"]}}, "`process.schedule` cannot differ"),
        ({"sweep": {"network.pretrained": ["sd1", "b"]}}, "`network.pretrained` cannot differ"),
        ({"codec": {"kind": "pixels"}}, "latents of 4 channels, and codec `pixels` makes no"),
        (
            {"codec": {"kind": "autoencoder", "latent_channels": 8}},
            "of 4 channels, and codec `autoencoder` makes latents of 8",
        ),
        ({"conditioning": {"encoder": "class"}}, "`conditioning.encoder: class`, which tells no"),
        ({"conditioning": {"encoder": "minilm"}}, "width 16, and not .*minilm`, .*384 wide"),
        ({"data": {"source": "openmoji", "size": 15}}, "takes multiples of 2 pixels"),
        ({"network": {"pretrained": "gone"}}, "`network.pretrained: gone` is no folder"),
    ],
)
def test_what_contradicts_it_is_named_with_it(
    project: Path, values: dict[str, Any], what: str
) -> None:
    with pytest.raises(AlphabarError, match=what):
        said(project, **values)


def test_an_sdxl_directory_with_the_encoder_of_sd1_is_refused(project: Path) -> None:
    write_sdxl(project / "sdxl")
    encoder = {"encoder": "clip:sd1"}
    with pytest.raises(AlphabarError, match=r"width 40, and not .*clip:sd1`, .*16 wide"):
        said(project, network={"pretrained": "sdxl"}, conditioning=encoder)


def test_a_transformer_has_places_for_images_of_some_size(project: Path) -> None:
    write_sd3(project / "sd3")
    network = {"pretrained": "sd3"}
    for size in (34, 18):  # 16 pixels are 4 tokens a side, and there are 8
        with pytest.raises(AlphabarError, match="takes multiples of 4 pixels, at most 32"):
            said(project, network=network, data={"source": "openmoji", "size": size})
    assert said(project, network=network, data={"source": "openmoji", "size": 32})


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_half_copied_weights_are_refused_by_the_plan(project: Path, part: str) -> None:
    (path,) = (project / "sd1" / part).glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AlphabarError, match=rf"{path.name} is not a whole file of weights"):
        said(project)


def test_other_weights_give_another_digest(project: Path) -> None:
    digest = network_hashes(None)("sd1")
    path = project / "sd1" / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert network_hashes(None)("sd1") != digest


def test_a_plan_says_what_the_directory_gives_and_what_is_drawn_otherwise(project: Path) -> None:
    gives, drawn = directory_notes(said(project), project)
    assert gives == (
        "network.pretrained: sd1 gives the network, the process (schedule scaled_linear, "
        "prediction eps, 1000 process steps, steps offset 1), the autoencoder and the text encoders"
    )
    own = {"grid": "leading", "end": "first", "guidance": 7.5}
    assert "grid: trailing" in drawn
    assert "write `sampling: {grid: leading, end: first, guidance: 7.5}`" in drawn
    assert len(directory_notes(said(project, sampling=own), project)) == 1
    swept = {"sampling": own | {"guidance": 2.0}, "sweep": {"sampling.guidance": [2.0, 7.5]}}
    assert len(directory_notes(said(project, **swept), project)) == 1
    other = said(project, conditioning={"encoder": "clip:sd1"})
    assert "encoder" not in directory_notes(other, project)[0].partition("autoencoder")[2]


def test_nothing_is_said_of_a_directory_where_there_is_none(project: Path) -> None:
    experiment = parse_experiment({"name": "x", "data": {"source": "digits"}}, "the test")
    assert directory_notes(experiment, project) == []
