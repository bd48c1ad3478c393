"""The experiment file: what is refused, and that the message names it."""

from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.spec.loading import load_experiment, parse_experiment, validate
from components.spec.sweep import _refuse_too_many

GOOD = {"name": "x", "data": {"source": "digits"}}
EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def refusal(values: dict) -> str:
    with pytest.raises(AlphabarError) as caught:
        parse_experiment(GOOD | values, "file.yaml")
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize(("word", "taken"), [("on", "on"), ("off", "off"), ("'on'", "on")])
def test_bare_on_and_off_are_what_they_say(tmp_path: Path, word: str, taken: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "{name: x, data: {source: digits}, "
        f"training: {{compile: {word}}}, sampling: {{compile: {word}}}}}"
    )
    found = load_experiment(path)
    assert (found.training.compile, found.sampling.compile) == (taken, taken)


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_experiment_is_valid(path: Path) -> None:
    assert load_experiment(path).name


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"name": "compare"}, ["`name`", "`alphabar compare` writes"]),
        ({"name": "studies"}, ["`name`", "where studies lie"]),
        ({"trainning": {}}, ["file.yaml", "`trainning`", "did you mean `training`"]),
        ({"training": {"stepz": 3}}, ["`training.stepz`", "did you mean `steps`"]),
        ({"training": {"lr": "fast"}}, ["`training.lr: 'fast'`", "number"]),
        ({"training": {"steps": 2.5}}, ["`training.steps: 2.5`", "integer"]),
        ({"training": {"steps": True}}, ["`training.steps: True`"]),
        ({"training": {"lr": 7.0}}, ["`training.lr: 7.0`", "less than or equal to 1"]),
        ({"training": {"lr": float("nan")}}, ["`training.lr: nan`", "finite"]),
        ({"process": {"schedule": "cosin"}}, ["`process.schedule: cosin`", "`cosine`"]),
        (
            {"data": {"source": "digits", "style": "bald"}},
            ["`data.style: bald` does not exist", "did you mean `bold`"],
        ),
        ({"finetune": {"style": "bald"}}, ["`finetune.style: bald`", "did you mean `bold`"]),
        ({"data": {"source": "digit"}}, ["did you mean", "install the package that brings it"]),
        (
            {"training": {"select_by": "fd_efficientnet_lite0", "evaluate_every": 0}},
            ["`select_by: fd_efficientnet_lite0` has no meaning"],
        ),
        (
            {"training": {"select_by": "frd_efficientnet_lite0"}},
            ["`training.select_by: frd_efficientnet_lite0` does not exist", "did you mean `fd_eff"],
        ),
        (
            {"training": {"select_by": "neighbour_ratio_dinov2"}},
            ["`training`: `select_by`: nobody knows", "choose a figure of"],
        ),
        ({"data": {"source": "folder"}}, ["`name` is given with source `folder`"]),
        ({"data": {"source": "digits", "size": 2}}, ["`data.size: 2`", "greater than"]),
        ({"name": "../up"}, ["`name: '../up'`"]),
        ({"sweep": {"process.shedule": ["linear"]}}, ["`process.shedule`", "`process.schedule`"]),
        ({"sweep": {"process.schedule": ["linar"]}}, ["cell schedule=linar", "`linear`"]),
        ({"sweep": {"registry.model": ["a"]}}, ["`registry.model` cannot be swept"]),
        ({"registry": {"gate": "gates.yaml"}}, ["`registry`", "give `model` too"]),
        ({"registry": {"model": "a", "gate": ""}}, ["`registry.gate: ''`"]),
        ({"registry": {"finetuned": "a"}}, ["`registry.finetuned: a`", "give `finetune` too"]),
        (
            {"registry": {"model": "a", "finetuned": "a"}, "finetune": {"style": "bold"}},
            ["`model` and `finetuned` are both a"],
        ),
        ({"sweep": {"sampling.guidance": [1, 1.0]}}, ["guidance=1 is planned twice"]),
        ({"sweep": {"training.seed": [[1]]}}, ["`sweep.training.seed.0: [1]`", "must be text"]),
        ({"sweep": {"sampling.guidance": []}}, ["`sweep.sampling.guidance: []`"]),
        ({"study": {}}, ["give `finetune` too"]),
        (
            {"study": {"pairs": 6000}, "finetune": {"style": "bold"}},
            [
                "`study.pairs: 6000` shows 6000 samples of each model",
                "`evaluation.samples` is 2000",
            ],
        ),
        ({"study": {"people": 2}}, ["2 people cannot judge 40 pairs", "`people` is 3 to 120"]),
        ({"study": {"questions": ["quality", "quality"]}}, ["`questions` names one twice"]),
        ({"study": {"checks": 5}}, ["`study.checks: 5`", "6"]),
        (
            {"study": {"kind": "realism", "simulate": {"taste": "contrast"}}},
            ["`simulate` answers studies of the kind pairwise only"],
        ),
        ({"finetune": {"style": "regular"}}, ["the style that the baseline is trained on"]),
        ({"network": {"channels": [8] * 5}}, ["`data.size: 8` cannot be halved 4 times"]),
        (
            {"process": {"zero_terminal_snr": True, "prediction": "eps"}},
            ["`process`", "`eps` says nothing about the image where the SNR is 0"],
        ),
        (
            {"process": {"schedule": "rectified_flow", "prediction": "eps"}},
            ["use `v`, `x0` or `flow`"],
        ),
        ({"process": {"schedule": "edm", "zero_terminal_snr": True}}, ["its α is 1"]),
        ({"process": {"schedule": "table"}}, ["`table` must be given with schedule `table`"]),
        ({"process": {"schedule": "table", "table": [0.5, 0.6]}}, ["`table` must fall"]),
        ({"process": {"schedule": "table", "table": [0.9, 0.0]}}, ["cannot end at 0"]),
        (
            {"evaluation": {"prompts": "training"}},
            ["`evaluation.prompts: training` has no meaning", "asked for alike in both splits"],
        ),
        ({"process": {"sigma_max": 10.0}}, ["`sigma_max` has no meaning with schedule `cosine`"]),
        (
            {"sampling": {"solver": "heun", "eta": 1.0}},
            ["`eta` has no meaning with solver `heun`", "belongs to ddim"],
        ),
        ({"sampling": {"guide": "weaker"}}, ["needs the section `guide`"]),
        ({"sampling": {"ema_length": 0.1}}, ["needs `training.ema_snapshots`"]),
        ({"sampling": {"guidance_kind": "cfgpp", "guidance": 2}}, ["within [0, 1]"]),
        (
            {"sampling": {"guidance_kind": "cfgpp", "guidance": 0.5, "solver": "unipc"}},
            ["cannot be used with solver `unipc`", "ddim, euler"],
        ),
        (
            {"sampling": {"guidance_kind": "apg", "guidance_rescale": 0.7}},
            ["`guidance_rescale` has no meaning", "belongs to cfg"],
        ),
        (
            {"sampling": {"guidance_sigma_min": 5.0, "guidance_sigma_max": 1.0}},
            ["`guidance_sigma_min` must be below"],
        ),
        ({"training": {"snr_gamma": 1.0}}, ["`snr_gamma` has no meaning with loss_weight"]),
        ({"finetune": {"kind": "full"}}, ["`kind: full` needs a `style`"]),
        ({"finetune": {"style": "bold", "teacher_steps": 8}}, ["belongs to consistency"]),
        ({"finetune": {"kind": "consistency", "teacher_steps": 9}}, ["`segments: 2` equal parts"]),
        (
            {"finetune": {"kind": "consistency", "sampling": [{"stepz": 1}]}},
            ["`finetune.sampling`: stepz"],
        ),
        ({"network": {"channels": [30]}}, ["`network.channels.0: 30`", "multiple of 8"]),
    ],
)
def test_a_fault_is_named_with_path_value_and_remedy(values: dict, named: list[str]) -> None:
    message = refusal(values)
    for text in named:
        assert text in message


NEGATIVE = {"negative_prompt": "a dog"}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"sampling": NEGATIVE}, "`sampling.negative_prompt: a dog` is never read"),
        (
            {"sampling": {**NEGATIVE, "guidance": 1}, "conditioning": {"encoder": "none"}},
            "never read: the model is told nothing",
        ),
        (
            {"sampling": {"guidance": 2}, "conditioning": {"encoder": "none"}},
            "`sampling.guidance: 2` is never read: with `conditioning.encoder: none`",
        ),
        ({"conditioning": {"max_tokens": 5}}, "`conditioning.max_tokens: 5` is never read"),
    ],
)
def test_what_no_cell_reads_is_refused(values: dict, named: str) -> None:
    assert named in refusal(values)


@pytest.mark.parametrize(
    "values",
    [
        {"sampling": NEGATIVE, "sweep": {"sampling.guidance": [1, 2]}},
        {"sampling": {**NEGATIVE, "guidance": 0}},
        {"sampling": {**NEGATIVE, "guidance": 1, "guidance_kind": "cfgpp"}},
        {"sampling": {"guidance": 2}, "sweep": {"conditioning.encoder": ["none", "class"]}},
        {
            "sampling": {"guidance": 2, "guide": "weaker"},
            "guide": {"training.steps": 3},
            "conditioning": {"encoder": "none"},
        },
        {
            "conditioning": {"max_tokens": 5},
            "sweep": {"conditioning.encoder": ["class", "minilm"]},
        },
    ],
)
def test_what_some_cell_reads_is_taken(values: dict) -> None:
    parse_experiment({"name": "x", "data": {"source": "digits"}} | values, "file.yaml")


def test_every_fault_of_a_file_is_listed_at_once() -> None:
    message = refusal({"training": {"lr": -1.0, "steps": 0}, "nme": 1})
    for text in ("training.lr", "training.steps", "nme"):
        assert text in message


def test_a_missing_section_is_named() -> None:
    with pytest.raises(AlphabarError, match="`data` is missing"):
        parse_experiment({"name": "x"}, "file.yaml")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("name: [unclosed", "not valid YAML"),
        ("- a list", "not a mapping"),
        ("name: a\nname: b", "given twice"),
        ("", "not a mapping"),
        ("name: !!python/object/apply:os.system [ls]", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_experiment_is_named(tmp_path: Path, content: str, named: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    with pytest.raises(AlphabarError, match=named) as caught:
        load_experiment(path)
    assert "broken.yaml" in str(caught.value)


def test_a_mistyped_file_name_gets_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text("")
    with pytest.raises(AlphabarError, match=r"did you mean .*digits\.yaml"):
        load_experiment(tmp_path / "digit.yaml")


@pytest.mark.parametrize(("text", "value"), [("1e-3", 1e-3), ("2.0e-3", 2e-3), ("1", 1.0)])
def test_numbers_are_read_as_people_write_them(tmp_path: Path, text: str, value: float) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(f"name: e\ndata: {{source: digits}}\ntraining: {{lr: {text}}}")
    assert load_experiment(path).training.lr == value


TEN = list(range(1, 11))


def test_a_sweep_without_end_is_refused_by_the_lengths_of_its_lists() -> None:
    message = refusal({"sweep": {f"training.a{i}": TEN for i in range(9)}, "also": [{}]})
    assert "1000000001 cells, more than 20000: training.a0 (10), training.a1 (10)" in message
    assert "also (1)" in message


def test_ten_thousand_cells_may_be_planned() -> None:
    most = {"sampling.guidance": list(range(100)), "training.seed": list(range(201))}
    assert "20100 cells" in refusal({"sweep": most})
    _refuse_too_many(validate(GOOD | {"sweep": most | {"training.seed": TEN * 10}}, "f"), "f")


@pytest.mark.parametrize(
    "values",
    [
        {f"k{i}": 1 for i in range(20_000)},
        {"x" * 200_000: 1},
        {"name": "x" * 200_000},
        {"process": {"schedule": "x" * 200_000}},
        {"data": {"source": "digits", "style": "x" * 200_000}},
        {"training": {"x" * 200_000: 1}},
        {"training": {"select_by": "x" * 200_000}},
        {"evaluation": {"clip": "x" * 200_000}},
        {"evaluation": {"others": ["x" * 200_000, *"ab" * 10_000]}},
        {"sweep": {"x" * 200_000: [1]}},
        {"sweep": {"process.schedule": ["x" * 200_000]}},
        {"sweep": {"training.seed": [[1]] * 20_000}},
        {"also": [{"x" * 200_000: 1}]},
        {"guide": {"x" * 200_000: 1}},
        {"finetune": {"style": "bold", "sampling": [{"x" * 200_000: 1}] * 100}},
        {"network": {"channels": [8] * 50_000}},
        {"training": {"seed": 10**5000}},
    ],
)
def test_a_message_stays_short_whatever_a_file_holds(values: dict) -> None:
    assert len(refusal(values)) < 2500


def test_a_name_that_is_none_is_refused_in_words() -> None:
    said = refusal({"registry": {"finetuned": "a/b@c"}})
    assert "small letters, digits" in said
    assert "^[a-z" not in said
