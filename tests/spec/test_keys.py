"""Every field of the experiment file: whether it is part of a key, and of which stages'.

A field without a line here fails the first test. What a stage reads is in its key; what changes
only when, where or how fast it works is not, and neither is what nothing reads.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
import torch

from components.process.schedules import build_schedule
from components.process.time_sampling import TIME_SAMPLINGS
from components.spec.catalogue import TIME_SAMPLINGS as CATALOGUE
from components.spec.experiment import Experiment
from components.spec.loading import validate
from components.spec.plan import (
    Compute,
    Node,
    Plan,
    in_order,
    plan_baselines,
    plan_finetune,
    plan_pages,
)
from components.spec.plan.node import stage_key
from components.spec.sections.base import Section
from components.store import describe

WHOLE: dict[str, Any] = {
    "name": "whole",
    "data": {"source": "digits", "size": 8},
    "conditioning": {"encoder": "minilm"},
    "training": {"time_sampling": "logit_normal", "loss_weight": "min_snr", "ema_snapshots": 10},
    "sampling": {"guidance": 2.0, "steps": 4},
    "evaluation": {"likelihood": "elbo"},
    "guide": {"training.steps": 5},
    "finetune": {"style": "bold", "evaluate_every": 10},
    "study": {"simulate": {"taste": "contrast"}},
    "registry": {"model": "whole"},
    "runner": {"threads": 2, "accelerator": "cpu"},
}
"""An experiment in which as much as possible is read."""

PREPARE = {"prepare", "prepare-finetune"}
SCORER = {"scorer"}
REFERENCE = {"reference", "reference-finetune"}
TEXT = {"encode-text", "encode-text-finetune"}
TRAIN, FINETUNE = {"train"}, {"finetune"}
SAMPLE, SAMPLE_TUNED = {"sample"}, {"sample-finetuned"}
LIKELIHOOD = {"likelihood"}
EVALUATE = {"evaluate", "evaluate-baseline"}
EVALUATE_TUNED = {"evaluate-finetuned", "evaluate-drift"}
REPORT, STUDY, ANSWERS = {"report"}, {"study", "answers"}, {"answers"}

TUNED = FINETUNE | SAMPLE_TUNED | EVALUATE_TUNED | REPORT | STUDY
DRIFT = {"evaluate-drift"}
FEW_STEPS = TUNED - DRIFT
MODEL = TRAIN | SAMPLE | LIKELIHOOD | EVALUATE | TUNED
DATA = PREPARE | SCORER | REFERENCE | TEXT | MODEL
SAMPLED = SAMPLE | SAMPLE_TUNED | EVALUATE | EVALUATE_TUNED | REPORT | STUDY
JUDGED = REFERENCE | EVALUATE | EVALUATE_TUNED | REPORT
NOTHING: set[str] = set()

Case = tuple[dict[str, Any], Any, set[str]]
"""(what must be set besides, the other value, the stages whose keys it changes)"""


def also(sections: dict[str, Any], value: Any, stages: set[str]) -> Case:
    return sections, value, stages


TABLE = {"process": {"schedule": "table", "table": [0.9, 0.1]}}
ALONE: dict[str, Any] = {"finetune": None, "study": None}
FOLDER = {"data": {"source": "folder", "name": "mine"}, **ALONE}
OF_FINETUNE = {
    "prepare-finetune",
    "encode-text-finetune",
    "reference-finetune",
    "evaluate-baseline",
}
DATA_ALONE = DATA - OF_FINETUNE - TUNED | REPORT
UNGUIDED = {"sampling": {"guide": "weaker"}}
LATENT = {
    "data": {"size": 16},
    "codec": {"kind": "autoencoder"},
    "evaluation": {"likelihood": "none"},
}
LEARNT = {"autoencoder", "encode", "encode-finetune", *MODEL - LIKELIHOOD}
TOKENS = {"network": {"kind": "transformer"}}
LOW_RANK: dict[str, Any] = {"finetune": {"kind": "lora", "style": "bold"}}
SUBJECT: dict[str, Any] = {
    "evaluation": {"likelihood": "none"},
    "finetune": {
        "kind": "dreambooth",
        "style": None,
        "subject": ["a", "b"],
        "token": "sks",
        "class_word": "cat",
        "weights": "lora",
    },
}
PRIOR, OF_SUBJECT = {"prior"}, {"subject"}
ALIKE = {"similarity", "evaluate-subject"}
KIN = {"sample-class", "evaluate-class"}
KIN_BOTH = KIN | {"sample-class-baseline", "sample-class-others", "evaluate-class-baseline"}
SAMPLE_SUBJECT = {"sample-subject", *ALIKE, *KIN}
SAMPLE_BOTH = SAMPLE_SUBJECT | {"sample-subject-baseline", "evaluate-subject-baseline"}
PREFERRED: dict[str, Any] = {"finetune": {"kind": "dpo", "style": None, "preferences": "mine"}}
DRAWN: dict[str, Any] = {
    "finetune": {"kind": "dpo", "style": None, "preferences": "drawn"},
    "study": {"simulate": {"taste": "brightness"}},
}
OF_PAIRS = {"sample-pairs-one", "sample-pairs-other", "study-pairs", "answers-pairs"}
TAUGHT: dict[str, Any] = {
    "conditioning": {"encoder": "clip:a/folder"},
    "finetune": {"kind": "textual_inversion", "token": "<a>", "initial": "cat", "style": "bold"},
}
STEPS = {
    "finetune-checkpoint-7",
    *(
        f"{stage}-checkpoint-{step}"
        for stage in SAMPLE_TUNED | EVALUATE_TUNED
        for step in (7, 1000)
    ),
}
"""What takes the place of stages of one model: those of two."""

AS_READ = {"evaluate-baseline", "reference-finetune-as-read"}
DISTILLED = {"finetune": {"kind": "consistency", "evaluate_every": 10}}

FIELDS: dict[str, tuple[Any, set[str]] | Case] = {
    "name": ("other", REPORT | STUDY),
    "data.source": also(ALONE, "openmoji", DATA_ALONE),
    "data.name": also(FOLDER, "other", DATA_ALONE),
    "data.style": also(ALONE, "bold", DATA_ALONE),
    "data.size": (16, DATA),
    "data.fit": also(FOLDER, "pad", DATA_ALONE),
    "data.flip": (True, DATA),
    "data.holdout": (0.2, DATA),
    "data.split_seed": (1, DATA),
    "data.images": (100, DATA),
    "data.caption_column": ("words", DATA),
    "data.label_column": ("kind", DATA),
    "data.license": ("CC0", STUDY),
    "codec.kind": also({**LATENT, "codec": {}}, "autoencoder", LEARNT),
    "codec.pretrained": also(LATENT, "a/folder", LEARNT),
    "codec.downsample": also(LATENT, 2, LEARNT),
    "codec.latent_channels": also(LATENT, 7, LEARNT),
    "codec.width": also(LATENT, 16, LEARNT),
    "codec.layers_per_block": also(LATENT, 2, LEARNT),
    "codec.kl": also(LATENT, 0.5, LEARNT),
    "codec.perceptual": also(LATENT, 0.5, LEARNT),
    "codec.steps": also(LATENT, 7, LEARNT),
    "codec.batch_size": also(LATENT, 7, LEARNT),
    "codec.lr": also(LATENT, 0.5, LEARNT),
    "codec.ema": also(LATENT, 0.5, LEARNT),
    "codec.precision": also(LATENT, "bf16-mixed", LEARNT),
    "codec.seed": also(LATENT, 7, LEARNT),
    "codec.evaluate_every": also(LATENT, 7, LEARNT),
    "codec.checkpoint_every": also(LATENT, 7, NOTHING),
    "scorer.steps": (7, SCORER | REFERENCE | MODEL),
    "scorer.batch_size": (7, SCORER | REFERENCE | MODEL),
    "scorer.lr": (0.5, SCORER | REFERENCE | MODEL),
    "scorer.weight_decay": (0.5, SCORER | REFERENCE | MODEL),
    "scorer.embed_dim": (64, SCORER | REFERENCE | MODEL),
    "scorer.dropout": (0.5, SCORER | REFERENCE | MODEL),
    "scorer.size": (32, SCORER | REFERENCE | MODEL),
    "scorer.seed": (7, SCORER | REFERENCE | MODEL),
    "conditioning.encoder": ("class", MODEL | TEXT),
    "conditioning.dropout": (0.5, MODEL),
    "conditioning.max_tokens": (7, MODEL | TEXT),
    "process.schedule": ("linear", MODEL),
    "process.prediction": ("x0", MODEL),
    "process.steps": (100, MODEL),
    "process.table": also(TABLE, [0.9, 0.2], MODEL),
    "process.zero_terminal_snr": (True, MODEL),
    "process.snr_shift": (2.0, MODEL),
    "process.steps_offset": (1, MODEL),
    "process.sigma_min": also({"process": {"schedule": "edm"}}, 0.1, MODEL),
    "process.sigma_max": also({"process": {"schedule": "edm"}}, 70.0, MODEL),
    "process.sigma_data": also({"process": {"prediction": "edm"}}, 0.6, MODEL),
    "network.kind": ("transformer", MODEL),
    "network.channels": ([8], MODEL),
    "network.layers_per_block": (1, MODEL),
    "network.attention": ([1, 2], MODEL),
    "network.head_channels": (4, MODEL),
    "network.patch": also(TOKENS, 4, MODEL),
    "network.depth": also(TOKENS, 7, MODEL),
    "network.width": also(TOKENS, 96, MODEL),
    "network.heads": also(TOKENS, 2, MODEL),
    "network.dropout": (0.5, MODEL),
    "network.pretrained": also({"network": {"pretrained": "a/folder"}}, "another", MODEL),
    "training.steps": (7, MODEL),
    "training.batch_size": (7, MODEL),
    "training.accumulate": (7, MODEL),
    "training.gradient_checkpointing": (True, NOTHING),
    "training.lr": (0.5, MODEL),
    "training.lr_decay": ("constant", MODEL),
    "training.warmup_steps": (7, MODEL),
    "training.weight_decay": (0.5, MODEL),
    "training.gradient_clip": (0.5, MODEL),
    "training.ema": (0.5, MODEL),
    "training.ema_snapshots": (7, MODEL),
    "training.loss_weight": also({"training": {"snr_gamma": 5.0}}, "p2", MODEL),
    "training.snr_gamma": (7.0, MODEL),
    "training.time_sampling": ("low_discrepancy", MODEL),
    "training.time_mean": (0.5, MODEL),
    "training.time_std": (0.5, MODEL),
    "training.offset_noise": (0.5, MODEL),
    "training.input_perturbation": (0.5, MODEL),
    "training.precision": ("bf16-mixed", MODEL),
    "training.compile": ("on", MODEL),
    "training.log_every": (7, MODEL),
    "training.seed": (7, MODEL),
    "training.checkpoint_every": (7, NOTHING),
    "training.evaluate_every": (7, MODEL),
    "training.evaluate_at": ([2], MODEL),
    "training.evaluate_samples": (77, MODEL),
    "training.evaluate_steps": (7, MODEL),
    "training.evaluate_size": (77, MODEL),
    "training.evaluate_guidance": (7.0, MODEL),
    "training.select_by": ("kd_efficientnet_lite0", MODEL),
    "training.patience": (7, MODEL),
    "training.publish": ("best", MODEL),
    "sampling.solver": ("heun", SAMPLED),
    "sampling.steps": (7, SAMPLED),
    "sampling.grid": ("leading", SAMPLED),
    "sampling.eta": (0.5, SAMPLED),
    "sampling.end": ("first", SAMPLED),
    "sampling.variance": also({"sampling": {"solver": "ddpm"}}, "large", SAMPLED),
    "sampling.churn": also({"sampling": {"solver": "heun"}}, 0.5, SAMPLED),
    "sampling.tolerance": also({"sampling": {"solver": "rk45"}}, 0.5, SAMPLED),
    "sampling.corrector_steps": also({"sampling": {"solver": "langevin"}}, 7, SAMPLED),
    "sampling.corrector_snr": also({"sampling": {"solver": "langevin"}}, 0.5, SAMPLED),
    "sampling.clip": (False, SAMPLED),
    "sampling.guidance": (7.0, SAMPLED),
    "sampling.guidance_kind": ("apg", SAMPLED),
    "sampling.guide": ("weaker", {"train-guide", *SAMPLED}),
    "sampling.negative_prompt": ("7", SAMPLED),
    "sampling.guidance_rescale": (0.5, SAMPLED),
    "sampling.guidance_sigma_min": (0.5, SAMPLED),
    "sampling.guidance_sigma_max": (0.5, SAMPLED),
    "sampling.ema_length": (0.1, SAMPLED),
    "sampling.precision": ("bf16-mixed", SAMPLED),
    "sampling.compile": ("on", SAMPLED),
    "sampling.seed": (7, SAMPLED),
    "evaluation.samples": (77, SAMPLED | REFERENCE),
    "evaluation.extractor": ("inception", JUDGED | MODEL),
    "evaluation.others": (["inception"], JUDGED),
    "evaluation.size": (77, JUDGED),
    "evaluation.metrics": (["fd", "recall"], JUDGED),
    "evaluation.neighbours": (7, JUDGED),
    "evaluation.clip": ("none", JUDGED | SCORER | MODEL),
    "evaluation.preference": ("pickscore:a/folder", JUDGED),
    "evaluation.classifier": also({"conditioning": {"encoder": "class"}}, "svc", JUDGED),
    "evaluation.groups": ("caption", JUDGED),
    "evaluation.prompts": ("prompts.txt", SAMPLED),
    "evaluation.likelihood": ("none", {"likelihood", "evaluate", *REPORT}),
    "evaluation.confidence": (0.9, JUDGED | LIKELIHOOD),
    "guide": also(UNGUIDED, {"training.steps": 7}, {"train-guide", *SAMPLED}),
    "finetune.kind": also({"finetune": {"style": "bold"}}, "consistency", TUNED),
    "finetune.base": also({"finetune": {"base": "a"}}, "b", MODEL - TRAIN | {"base"}),
    "finetune.style": also(
        {"finetune": {"kind": "consistency"}}, None, DATA - {"prepare", "encode-text", *DRIFT}
    ),
    "finetune.images": (100, OF_FINETUNE | TUNED | {"prepare-finetune-scorer"}),
    "finetune.steps": (7, TUNED),
    "finetune.batch_size": (7, TUNED),
    "finetune.lr": (0.5, TUNED),
    "finetune.warmup_steps": (7, TUNED),
    "finetune.ema": (0.5, TUNED),
    "finetune.evaluate_every": (7, TUNED),
    "finetune.checkpoints": ([7], TUNED | STEPS),
    "finetune.teacher_steps": also(DISTILLED, 8, FEW_STEPS),
    "finetune.teacher_guidance": also(DISTILLED, 7.0, FEW_STEPS),
    "finetune.segments": also(DISTILLED, 5, FEW_STEPS),
    "finetune.subject": also(
        SUBJECT, "a-folder", OF_SUBJECT | SAMPLE_SUBJECT | TUNED | {"evaluate-subject-baseline"}
    ),
    "finetune.token": also(SUBJECT, "zwx", SAMPLE_BOTH | TUNED),
    "finetune.class_word": also(SUBJECT, "dog", PRIOR | SAMPLE_BOTH | KIN_BOTH | TUNED),
    "finetune.prompt": also(
        SUBJECT, "{token} {class_word}", PRIOR | SAMPLE_BOTH | KIN_BOTH | TUNED
    ),
    "finetune.prior_weight": also(SUBJECT, 0.5, SAMPLE_SUBJECT | TUNED),
    "finetune.prior_images": also(SUBJECT, 7, PRIOR | SAMPLE_SUBJECT | TUNED),
    "finetune.weights": also(SUBJECT, "full", SAMPLE_SUBJECT | TUNED),
    "finetune.subject_samples": also(SUBJECT, 7, (SAMPLE_BOTH - KIN) | REPORT),
    "finetune.subject_prompts": also(SUBJECT, ["{token}"], (SAMPLE_BOTH - KIN) | REPORT),
    "finetune.class_samples": also(SUBJECT, 70, KIN_BOTH | REPORT),
    "finetune.preferences": also(PREFERRED, "other", TUNED),
    "finetune.beta": also(PREFERRED, 7.0, TUNED),
    "finetune.preference_pairs": also(DRAWN, 7, TUNED | OF_PAIRS),
    "finetune.rank": also(LOW_RANK, 8, TUNED),
    "finetune.alpha": also(LOW_RANK, 8.0, TUNED),
    "finetune.dropout": also(LOW_RANK, 0.5, TUNED),
    "finetune.targets": also(LOW_RANK, ["to_q"], TUNED),
    "finetune.rslora": also(LOW_RANK, True, TUNED),
    "finetune.dora": also(LOW_RANK, True, TUNED),
    "finetune.limits.drift_at_most": (0.5, REPORT),
    "finetune.limits.base_fd_at_most": (2.0, REPORT),
    "finetune.text_encoder": also(
        LOW_RANK | {"conditioning": {"encoder": "clip:a/folder"}},
        True,
        TUNED | {"encode-text-finetune"},
    ),
    "finetune.vectors": also(TAUGHT, 2, TUNED),
    "finetune.initial": also(TAUGHT, "dog", TUNED | AS_READ),
    "finetune.template": also(TAUGHT, "a {token}", TUNED | AS_READ),
    "finetune.sampling": ([{"steps": 7}], TUNED - FINETUNE),
    "study.pairs": (7, STUDY),
    "study.seed": (7, STUDY),
    "study.raters": (2, STUDY),
    "study.people": (7, STUDY),
    "study.kind": also({"study": {"simulate": None}}, "realism", {"study"}),
    "study.questions": (["quality"], STUDY),
    "study.repeats": (7, STUDY),
    "study.checks": (7, STUDY),
    "study.least_seconds": (1.5, STUDY),
    "study.simulate.taste": ("sharpness", ANSWERS),
    "study.simulate.strength": (7.0, ANSWERS),
    "study.simulate.clickers": (0.7, ANSWERS),
    "study.simulate.ties": (0.7, ANSWERS),
    "study.simulate.seed": (7, ANSWERS),
    "registry.model": ("other", NOTHING),
    "registry.finetuned": ("other", NOTHING),
    "registry.gate": ("gates.yaml", NOTHING),
    "runner.kind": ("ray", NOTHING),
    "runner.workers": (7, NOTHING),
}
ELSEWHERE = {
    "runner.threads": "resolved by flows.run.machine, which has tests of its own",
    "runner.accelerator": "resolved by flows.run.machine, which has tests of its own",
    **dict.fromkeys(
        (
            "process.options",
            "sampling.options",
            "conditioning.options",
            "network.options",
            "evaluation.options",
        ),
        "of plug-ins, which tests/spec/test_plugins.py has",
    ),
    "sampling.adapter_scale": "of fine-tunes alone: tests/spec/test_plan.py",
    "training.optimizer": "the other one needs a package: the next test",
    "sweep": "its cells are experiments, without it",
    "cells": "they are experiments, without it",
    "also": "they are experiments, without it",
}


def fields(model: type[Section] = Experiment, prefix: str = "") -> Iterator[str]:
    """Dotted paths of every field."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        union = get_origin(annotation) in (Union, UnionType)
        options = get_args(annotation) if union else (annotation,)
        inside = [o for o in options if isinstance(o, type) and issubclass(o, Section)]
        if inside:
            yield from fields(inside[0], f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_field_is_decided_on() -> None:
    assert set(fields()) == FIELDS.keys() | ELSEWHERE.keys()


def merged(values: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(values)
    for name, value in others.items():
        inside = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if inside else value
    return result


def with_value(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    section, _, leaf = path.partition(".")
    if "." in leaf and section in ("finetune", "study"):
        inside, _, leaf = leaf.partition(".")
        return merged(values, {section: {inside: {leaf: value}}})
    section, _, leaf = path.rpartition(".")
    return merged(values, {section: {leaf: value}} if section else {leaf: value})


def planned(values: dict[str, Any], **others: Any) -> Plan:
    def data_hash(data: Any) -> str:
        return f"hash of {data.source} {data.name}"

    of = "digest of {}".format
    found = {"folder": of, "network": of, "decided": of, "base": lambda name: model_of(of(name))}
    return plan_baselines(validate(values, "the test"), data_hash, **found | others)


def model_of(sha256: str) -> dict[str, Any]:
    """What a plan is told of the model of `finetune.base`."""
    return {"sha256": sha256, "licences": []}


def nodes(plan: Plan) -> dict[str, Node]:
    """Every stage of an experiment without a sweep, by name."""
    (best,) = plan.cells
    tuned = plan_finetune(plan, best) if plan.experiment.finetune else None
    ends = [best.evaluate, best.reference, *plan_pages(plan, best, tuned)]
    if tuned:
        ends += tuned.ends()
    return {node.name: node for node in in_order(ends)}


def changed(one: dict[str, Node], other: dict[str, Node]) -> set[str]:
    """Names of stages whose keys differ, or that only one has."""
    return {
        name
        for name in one.keys() | other.keys()
        if name not in one or name not in other or one[name].key != other[name].key
    }


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_changes_the_keys_of_what_reads_it_and_no_others(path: str) -> None:
    *besides, value, stages = FIELDS[path]
    start = merged(WHOLE, besides[0]) if besides else WHOLE
    one, other = nodes(planned(start)), nodes(planned(with_value(start, path, value)))
    assert changed(one, other) == stages
    for name in one.keys() & other.keys():
        if own(one[name]) != own(other[name]):
            assert any(f"{path}.".startswith(f"{read}.") for read in one[name].reads), name


def own(node: Node) -> Any:
    """What a stage is told itself, its inputs apart."""
    return node.settings, node.data_hash, node.compute


def test_what_is_in_an_encoder_s_folder_changes_what_reads_captions_with_it() -> None:
    values = with_value(WHOLE, "conditioning.encoder", "clip:some/folder")
    one, other = (
        nodes(planned(values, encoders=lambda encoder, text=text: [f"{text} of {encoder}"]))
        for text in ("the digest", "another digest")
    )
    reading = {name for name, node in one.items() if "conditioning" in node.spec}
    assert {one[name].stage for name in reading} == {"encode", "train"}
    assert {name for name in reading if one[name].key != other[name].key} == reading
    unread = {name for name in one if one[name].stage in ("prepare", "scorer", "reference")}
    assert changed(one, other) == one.keys() - unread
    told = one["train"].spec["conditioning"]
    assert told["digests"] == ["the digest of clip:some/folder"]


def test_where_a_base_lies_is_told_by_the_report_and_in_no_other_key() -> None:
    start = merged(WHOLE, {"finetune": {"base": "here"}})
    moved = with_value(start, "finetune.base", "there")
    same = {"base": lambda name: model_of("the same")}
    one, other = (nodes(planned(values, **same)) for values in (start, moved))
    assert changed(one, other) == REPORT
    assert "here" not in json.dumps(one["base"].spec)
    assert one["base"].settings["base"]["name"] == "here"


NOBODY_READS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "no evaluations": (
        {"training": {"evaluate_every": 0}, "finetune": {"evaluate_every": 0}},
        "training.evaluate_samples",
        77,
    ),
    "a condition that is no caption": (
        {"conditioning": {"encoder": "class"}},
        "conditioning.max_tokens",
        7,
    ),
    "no condition": ({"conditioning": {"encoder": "none"}}, "conditioning.dropout", 0.5),
    "an extractor with a size of its own": (
        {"evaluation": {"extractor": "inception"}},
        "evaluation.size",
        77,
    ),
    "the same while training": (
        {"evaluation": {"extractor": "inception"}},
        "training.evaluate_size",
        77,
    ),
    "no figure with neighbours": (
        {"evaluation": {"metrics": ["fd"]}},
        "evaluation.neighbours",
        7,
    ),
    "images that are square": ({}, "data.fit", "pad"),
    "the authors' own mean": ({}, "training.time_mean", 0.0),
    "the authors' own deviation": ({}, "training.time_std", 1.0),
}


@pytest.mark.parametrize("why", NOBODY_READS)
def test_what_nothing_reads_is_in_no_key_and_no_stage_is_told_of_it(why: str) -> None:
    besides, path, value = NOBODY_READS[why]
    start = merged(WHOLE, besides)
    one, other = nodes(planned(start)), nodes(planned(with_value(start, path, value)))
    assert not changed(one, other)
    told = [{name: node.settings for name, node in plan.items()} for plan in (one, other)]
    assert told[0] == told[1], "a stage that is told of it might write it down"


@pytest.mark.parametrize(
    ("name", "own"),
    [(n, entry.normal) for n, entry in CATALOGUE.items() if entry.normal[0] is not None],
)
def test_the_authors_own_times_are_what_training_takes_unless_told(
    name: str, own: tuple[float, float]
) -> None:
    schedule = build_schedule({"schedule": "edm" if "sigma" in name else "cosine", "steps": 1000})
    sampled = [
        TIME_SAMPLINGS[name](99, schedule, torch.Generator().manual_seed(0), *given)
        for given in ((None, None), own)
    ]
    assert torch.equal(*sampled)


def test_what_is_in_no_key_reaches_the_stage_all_the_same() -> None:
    plan = nodes(planned(with_value(WHOLE, "training.checkpoint_every", 7)))
    for name in ("train", "finetune"):
        assert plan[name].settings["training"]["checkpoint_every"] == 7
        assert "checkpoint_every" not in plan[name].spec["training"]


COMPUTING = set(nodes(planned(WHOLE))) - {*PREPARE, *REPORT, *STUDY}


@pytest.mark.parametrize("compute", [Compute(threads=3), Compute(accelerator="gpu")])
def test_what_computes_is_in_the_keys_of_all_that_compute(compute: Compute) -> None:
    one, other = nodes(planned(WHOLE)), nodes(planned(WHOLE, compute=compute))
    assert {name for name, node in other.items() if node.compute == compute} == COMPUTING
    assert changed(one, other) == COMPUTING | REPORT | STUDY


def test_other_weights_under_one_name_are_another_judge() -> None:
    values = merged(WHOLE, {"evaluation": {"extractor": "inception", "clip": "clip:RN50:mine.pt"}})
    plans = {
        name: nodes(planned(values, weights={name: "digest"}.get))
        for name in ("none", "inception", "clip:RN50:mine.pt", "dinov2")
    }
    judged = {*REFERENCE, *EVALUATE, *EVALUATE_TUNED, *REPORT}
    assert not changed(plans["none"], plans["dinov2"])
    assert changed(plans["none"], plans["clip:RN50:mine.pt"]) == judged
    assert changed(plans["none"], plans["inception"]) == judged | MODEL, "it judges training too"
    preferring = merged(values, {"evaluation": {"preference": "pickscore:a/folder"}})
    one, other = (
        nodes(planned(preferring, weights={"pickscore:a/folder": digest}.get)) for digest in "ab"
    )
    assert changed(one, other) == judged


def test_a_key_can_be_computed_from_the_manifest(tmp_path: Path) -> None:
    weights = {"efficientnet_lite0": "digest"}.get
    for node in nodes(planned(WHOLE, weights=weights)).values():
        known = json.loads(json.dumps(describe(node, tmp_path)))
        parts = ("stage", "spec", "inputs", "data_hash", "weights", "compute")
        assert stage_key(*(known[part] for part in parts)) == known["key"] == node.key


def test_the_floors_key_can_be_computed_from_the_evaluations() -> None:
    plan = nodes(planned(WHOLE, compute=Compute(threads=3)))
    for judged, floor in (("evaluate", "reference"), ("evaluate-finetuned", "reference-finetune")):
        node = plan[judged]
        real = {role: n.key for role, n in node.inputs.items() if role in ("data", "scorer")}
        compute = {"threads": 3, "accelerator": "cpu"}
        assert stage_key("reference", node.spec, real, compute=compute) == plan[floor].key
