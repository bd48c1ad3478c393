"""The names that a file may hold, those that are listed, and those that the code has: the same."""

import inspect
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, ValidationError

from components.data.sources import SOURCES
from components.data.squares import FITS
from components.errors import AlphabarError
from components.evaluation.captions import CLIPS
from components.evaluation.extractors import EXTRACTORS
from components.evaluation.families import MEASURES
from components.evaluation.images.image_set import GROUPS
from components.evaluation.preferences.model import PREFERENCES
from components.evaluation.view import View
from components.networks.conditioners import CONDITIONERS
from components.networks.denoisers import DENOISERS
from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES
from components.process.time_sampling import TIME_SAMPLINGS
from components.process.weights import LOSS_WEIGHTS
from components.sampling.guidance import GUIDANCE
from components.sampling.solvers import SOLVERS
from components.sampling.times import GRIDS
from components.spec.catalogue import CATALOGUE
from components.spec.experiment import Experiment
from components.spec.loading import parse_experiment
from components.spec.metric_families import FAMILIES
from components.spec.sections.evaluation import EvaluationSpec
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sweep import expand
from components.training.optimizers import OPTIMIZERS
from flows.cli.list import KEYS

REGISTRIES: dict[str, dict[str, Any]] = {
    "sources": SOURCES,
    "fits": FITS,
    "conditioners": CONDITIONERS,
    "denoisers": DENOISERS,
    "schedules": SCHEDULES,
    "predictions": PREDICTIONS,
    "solvers": SOLVERS,
    "grids": GRIDS,
    "guidance": GUIDANCE,
    "loss-weights": LOSS_WEIGHTS,
    "time-samplings": TIME_SAMPLINGS,
    "optimizers": OPTIMIZERS,
    "groups": GROUPS,
}
BY_KIND: dict[str, dict[str, Any]] = {
    "extractors": EXTRACTORS,
    "clips": CLIPS,
    "preferences": PREFERENCES,
}
"""Registries of names such as ``clip:MODEL:WEIGHTS``, by what stands before the colon."""
EVERY_TOPIC = pytest.mark.parametrize("topic", CATALOGUE)


def section(topic: str) -> type[BaseModel]:
    """The model of the section of the experiment file that a topic's names stand in."""
    name = KEYS[topic].split(".")[0]
    if name == "finetune":
        return FinetuneSpec
    annotation = Experiment.model_fields[name].annotation
    assert annotation is not None
    assert issubclass(annotation, BaseModel)
    return annotation


def test_every_topic_has_its_key() -> None:
    assert list(KEYS) == list(CATALOGUE)


NAMED = pytest.mark.parametrize("topic", [t for t in CATALOGUE if t not in (*BY_KIND, "metrics")])


@NAMED
def test_a_form_of_the_experiment_file_offers_the_listed_names(topic: str) -> None:
    schema = Experiment.model_json_schema()
    name, key = KEYS[topic].split(".")
    said = schema["$defs"][section(topic).__name__]["properties"][key]
    offered = said.get("anyOf", [said])[0]
    assert offered["enum"] == list(CATALOGUE[topic])
    assert offered["type"] == "string"
    assert name in schema["properties"]


@pytest.mark.parametrize(
    "encoder", ["minilm", "clip:some/folder", "t5:google/t5-v1_1-xxl", ["clip:A", "clip:B"]]
)
def test_a_form_takes_encoders_in_folders_and_lists_of_them(encoder: object) -> None:
    schema, whole = Experiment.model_json_schema(), {"name": "x", "data": {"source": "digits"}}
    given = {"conditioning": {"encoder": encoder}, "sweep": {"conditioning.encoder": [encoder]}}
    jsonschema.validate(whole | given, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(whole | {"conditioning": {"encoder": "minilmz"}}, schema)


@pytest.mark.parametrize(
    ("encoder", "remedy"),
    [
        ("clipp:some/folder", "did you mean `clip:some/folder`?"),
        ("clip:", "choose from none, class, minilm, clip:DIR_OR_ID"),
        ("minlm", "did you mean `minilm`?"),
        ("[clip:A, clip:B]", "did you mean `clip:A + clip:B`?"),
        (["clip:A", "minilm"], "did you mean `clip:A + clip:B`?"),
        (["clip:A", "clip:B", "clip:C"], "did you mean `clip:A + clip:B`?"),
    ],
)
def test_an_encoder_that_there_is_none_of_is_told_the_nearest(encoder: Any, remedy: str) -> None:
    whole = {"name": "x", "data": {"source": "digits"}, "conditioning": {"encoder": encoder}}
    with pytest.raises(AlphabarError) as refusal:
        parse_experiment(whole, "file.yaml")
    assert "`conditioning.encoder: " in refusal.value.what
    assert refusal.value.remedy.startswith(remedy)


def test_encoders_are_swept_alone_and_in_lists() -> None:
    names = ["minilm", "clip:A", ["clip:A", "clip:B"]]
    whole = {"name": "x", "data": {"source": "digits"}, "sweep": {"conditioning.encoder": names}}
    cells = expand(parse_experiment(whole, "file.yaml"))
    found = [cell.experiment.conditioning.encoder for cell in cells]
    assert found == ["minilm", "clip:A", "clip:A + clip:B"]


@NAMED
def test_the_experiment_file_takes_no_other_names(topic: str) -> None:
    name, key = KEYS[topic].split(".")
    wrong = f"{next(iter(CATALOGUE[topic]))}z"
    whole: dict[str, Any] = {"name": "x", "data": {"source": "digits"}}
    whole[name] = whole.get(name, {}) | {key: wrong}
    with pytest.raises(AlphabarError) as refusal:
        parse_experiment(whole, "file.yaml")
    assert f"`{name}.{key}: {wrong}` does not exist" in refusal.value.what
    assert refusal.value.remedy.startswith(f"did you mean `{wrong[:-1]}`?")


def test_the_file_and_the_judge_have_exactly_the_listed_metrics() -> None:
    schema = EvaluationSpec.model_json_schema()["properties"]["metrics"]["anyOf"][0]
    assert schema["items"]["enum"] == list(CATALOGUE["metrics"])
    assert set(CATALOGUE["metrics"]) <= set(MEASURES)


def test_every_family_has_its_function_but_those_that_only_training_takes() -> None:
    in_training = ("level", "codec", "subject")
    assert {*MEASURES} == {name for name, f in FAMILIES.items() if f.judge not in in_training}


def test_one_family_ranks_and_what_takes_long_is_known_to_the_view() -> None:
    assert [name for name, family in FAMILIES.items() if family.ranks] == ["fd"]
    assert all(hasattr(View, part) for family in FAMILIES.values() for part in family.work)


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    whole = {"name": "x", "data": {"source": "digits"}, "evaluation": {"metrics": ["fd", "recal"]}}
    with pytest.raises(AlphabarError) as refusal:
        parse_experiment(whole, "FILE")
    assert refusal.value.what == "FILE: `evaluation.metrics.1: recal` does not exist"
    assert refusal.value.remedy.startswith("did you mean `recall`?")


@pytest.mark.parametrize(
    "name", [*(n for n in CATALOGUE["extractors"] if ":" not in n), "clip:ViT-B-32:w.pt"]
)
def test_the_experiment_file_takes_the_listed_extractors(name: str) -> None:
    assert EvaluationSpec(extractor=name).extractor == name


@pytest.mark.parametrize("name", ["incption", "clip:ViT-B-32", "clip::", "clip:ViT-B-32: "])
def test_the_experiment_file_takes_no_other_extractors(name: str) -> None:
    with pytest.raises(ValidationError, match="choose from"):
        EvaluationSpec(extractor=name)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metrics": ["kd"]}, "which ranks"),
        ({"metrics": ["fd", "cmmd"]}, "needs an extractor"),
        ({"metrics": ["fd", "clip_score"], "clip": "none"}, "no meaning"),
        ({"others": ["efficientnet_lite0"]}, "both be called"),
        ({"clip": "ViT-B-32"}, "choose from"),
        ({"preference": "imagereward:x"}, "choose from none, pickscore:DIR, hps:FILE"),
        ({"preference": "pickscore:"}, "choose from"),
        ({"preference": "hps:model.pt"}, "write v2.0 or v2.1 behind the file"),
        ({"preference": "hps:HPS_v2.1.pt@v2.0"}, "says v2.0 of a file that is called v2.1"),
        ({"preference": "hps:m.pt@v3.0"}, "write v2.0 or v2.1"),
        ({"preference": "hps::m.pt@v2.1"}, "names no file"),
    ],
)
def test_metrics_that_cannot_be_taken_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EvaluationSpec(**wrong)


@pytest.mark.parametrize("topic", REGISTRIES)
def test_the_code_has_exactly_the_listed_names(topic: str) -> None:
    assert set(REGISTRIES[topic]) == set(CATALOGUE[topic])


@pytest.mark.parametrize("topic", BY_KIND)
def test_the_code_has_exactly_the_listed_kinds(topic: str) -> None:
    assert set(BY_KIND[topic]) == {name.partition(":")[0] for name in CATALOGUE[topic]}


@EVERY_TOPIC
def test_options_are_keys_of_the_same_section(topic: str) -> None:
    for entry in CATALOGUE[topic].values():
        assert set(entry.options) <= set(section(topic).model_fields)
        assert entry.line
        assert entry.source


@pytest.mark.parametrize("name", CATALOGUE["solvers"])
def test_a_solver_has_the_one_signature_and_takes_the_listed_options(name: str) -> None:
    parameters = inspect.signature(SOLVERS[name]).parameters
    positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = {p.name: p for p in parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert positional == ["denoise", "x", "times"]
    assert len(positional) + len(keywords) == len(parameters)
    assert keywords.pop("noise").default is inspect.Parameter.empty
    assert keywords.pop("callback").default is None
    assert set(keywords) == set(CATALOGUE["solvers"][name].options)
    fields = section("solvers").model_fields
    assert {p.name: p.default for p in keywords.values()} == {
        k: fields[k].default for k in keywords
    }
