"""Choices that other packages bring: named, described, validated, part of keys; or refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec import plugins
from components.spec.catalogue import CATALOGUE, SOLVERS, plugin_faults
from components.spec.cost import planned_cost
from components.spec.experiment import Experiment
from components.spec.loading import parse_experiment
from components.spec.metrics import needing
from components.spec.model_config import parse_config
from components.spec.plan import Node, plan_baselines
from components.spec.sweep import expand
from tests.model_config import model_config
from tests.plugin_package import Install, write_package

GOOD: dict[str, Any] = {"name": "x", "data": {"source": "digits"}}
PLUGGED: dict[str, Any] = {
    "name": "x",
    "data": {"source": "squares"},
    "conditioning": {"encoder": "first_letter"},
    "process": {"schedule": "power", "options": {"exponent": 3}},
    "network": {"kind": "one_layer"},
    "sampling": {"solver": "damped_euler", "steps": 4},
    "evaluation": {"metrics": ["fd", "brightness_gap"]},
}


def stages(values: dict[str, Any]) -> dict[str, Node]:
    plan = plan_baselines(parse_experiment(values, "file.yaml"), lambda data: "hash")
    return {node.name: node for node in plan.nodes()}


def refusal(**values: Any) -> AlphabarError:
    with pytest.raises(AlphabarError) as caught:
        parse_experiment(GOOD | values, "file.yaml")
    return caught.value


def test_a_form_offers_plugins_beside_our_own(install: Install) -> None:
    install()
    definitions = Experiment.model_json_schema()["$defs"]
    for section, field, name in (
        ("DataSpec", "source", "squares"),
        ("ProcessSpec", "schedule", "power"),
        ("SamplingSpec", "solver", "damped_euler"),
        ("ConditioningSpec", "encoder", "first_letter"),
        ("NetworkSpec", "kind", "one_layer"),
    ):
        said = definitions[section]["properties"][field]
        assert said.get("anyOf", [said])[0]["enum"][-1] == name
    assert "brightness_gap" in str(definitions["EvaluationSpec"]["properties"]["metrics"])


def test_the_package_and_its_version_enter_the_keys_of_what_uses_it(install: Install) -> None:
    install()
    before = stages(PLUGGED)
    used = {node.stage for node in before.values() if node.plugins == {"damped": "1.2"}}
    assert used == {"prepare", "train", "sample", "evaluate", "reference"}
    install(version="1.3")
    after = stages(PLUGGED)
    assert {name for name in before if before[name].key != after[name].key} == {*before}
    unused = GOOD | {"conditioning": {"encoder": "class"}}
    assert all(not node.plugins for node in stages(unused).values())


def test_a_plugins_options_are_its_own_and_are_whole_in_a_key(install: Install) -> None:
    install()
    assert stages(PLUGGED)["train"].spec["process"]["options"] == {"exponent": 3.0}
    given = PLUGGED | {"sampling": PLUGGED["sampling"] | {"options": {"damping": 0.9}}}
    assert stages(given)["sample"].key == stages(PLUGGED)["sample"].key
    assert stages(PLUGGED)["evaluate"].spec["options"] == {"brightness_gap": {"scale": 1.0}}
    assert "options" not in stages(GOOD)["train"].spec["process"]


def test_a_plugins_options_are_swept(install: Install) -> None:
    install()
    swept = PLUGGED | {"sweep": {"sampling.options.damping": [0.5, 1.0]}}
    cells = expand(parse_experiment(swept, "file.yaml"))
    assert [cell.name for cell in cells] == ["damping=0.5", "damping=1"]
    assert [cell.experiment.sampling.options["damping"] for cell in cells] == [0.5, 1.0]


def test_a_plugins_entry_says_what_it_costs(install: Install) -> None:
    install()
    assert planned_cost({"solver": "damped_euler", "steps": 7}, conditional=False).evaluations == 14


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (
            {"sampling": {"solver": "damped_euler", "options": {"dampin": 0.5}}},
            ["`sampling.options.dampin` is not a known key", "did you mean `damping`"],
        ),
        (
            {"sampling": {"solver": "damped_euler", "options": {"damping": 7}}},
            ["`sampling.options.damping: 7` is wrong", "less than or equal to 1"],
        ),
        (
            {"sampling": {"options": {"damping": 0.5}}},
            ["`options` has no meaning with solver `ddim`"],
        ),
        ({"sampling": {"solver": "damped_eule"}}, ["did you mean `damped_euler`"]),
        (
            {"evaluation": {"metrics": ["fd", "brightness_gap"], "options": {"fd": {"a": 1}}}},
            ["`options.fd` has no meaning"],
        ),
        (
            {
                "evaluation": {
                    "metrics": ["fd", "brightness_gap"],
                    "options": {"brightness_gap": {"scal": 2}},
                }
            },
            ["`evaluation.options.brightness_gap.scal`", "did you mean `scale`"],
        ),
        ({"network": {"kind": "one_layer", "options": {"kernl": 1}}}, ["did you mean `kernel`"]),
        (
            {"process": {"schedule": "power", "snr_shift": 2.0}},
            ["`snr_shift` divides the SNR; `power` is not to be shifted"],
        ),
    ],
)
def test_options_are_validated_by_the_plugins_own_model(
    install: Install, values: dict[str, Any], named: list[str]
) -> None:
    install()
    message = str(refusal(**values))
    for text in named:
        assert text in message


BROKEN = {
    "cannot be imported: ModuleNotFoundError": "other = damped.nowhere:other",
    "cannot be imported: AttributeError": "other = damped.records:nothing",
    "gives a `Plugin` of ScheduleEntry, not": "other = damped.records:power",
    "not a `Plugin` of SolverEntry": "other = damped.code:damped_euler",
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_broken_plugin_is_an_error_where_it_is_used_and_else_a_warning(
    install: Install, said: str
) -> None:
    line = BROKEN[said]
    install(points=f"[alphabar.solvers]\n{line}\n")
    name, point = line.split(" = ")
    error = refusal(sampling={"solver": name})
    for message in (error.what, *plugin_faults()):
        assert said in message
        assert f"`{name}` of damped 1.2 (entry point alphabar.solvers: {point})" in message
    assert len(plugin_faults()) == 1
    assert name not in list(SOLVERS)
    assert stages(GOOD)


def test_a_plugin_with_a_name_of_ours_is_an_error_where_it_is_used_and_else_a_warning(
    install: Install,
) -> None:
    solver, metric = "ddim = damped.records:damped_euler", "fd = damped.records:far"
    install(points=f"[alphabar.solvers]\n{solver}\n[alphabar.metrics]\n{metric}\n")
    warning, _ = plugin_faults()
    refused = refusal(sampling={"solver": "ddim"}).what
    for said in (warning, refused):
        assert "the plug-in `ddim` of damped 1.2" in said
        assert "takes the name of alphabar's own `ddim`" in said
    assert list(SOLVERS) == list(SOLVERS.own)
    assert SOLVERS.function("ddim", {}) is None
    assert not stages(GOOD | {"sampling": {"solver": "heun"}})["sample"].plugins
    assert "own `fd`" in refusal(evaluation={"metrics": ["fd"]}).what
    assert stages(GOOD)


UNSOUND = {
    "cannot be imported: SystemExit: 0": "raise SystemExit(0)",
    "has `options` {'damping': 1}, not a class": "bad = Plugin(ENTRY, 'm:f', {'damping': 1})",
    "has `function` 5, not `module:name`": "bad = Plugin(ENTRY, 5)",
    "has `function` 'damped.code', not `module:name`": "bad = Plugin(ENTRY, 'damped.code')",
}


@pytest.mark.parametrize("said", UNSOUND)
def test_an_unsound_record_is_named_and_ends_nothing(install: Install, said: str) -> None:
    points = "[alphabar.solvers]\nbad = damped.records:bad\n"
    install(points=points, records=f"ENTRY = damped_euler.entry\n{UNSOUND[said]}\n")
    (warning,) = plugin_faults()
    for message in (warning, refusal(sampling={"solver": "bad"}).what):
        assert "the plug-in `bad` of damped 1.2 (entry point alphabar.solvers: " in message
        assert said in message


MODEL = """
from pydantic import field_validator
class Model(BaseModel):
    {field}
    @field_validator("damping")
    @classmethod
    def change(cls, damping):
        {change}
bad = Plugin(damped_euler.entry, "damped.code:damped_euler", Model)
"""


@pytest.mark.parametrize(
    ("field", "change", "said"),
    [
        ("damping: float = 0.8", "return damping / 2", "are others when they are validated again"),
        ("damping: float = Field(7, le=1)", "return damping", "validated again, or refused"),
        ("damping: float = float('nan')", "return damping", "validated again, or refused"),
        ("damping: set[str] = {'b', 'a'}", "return damping", "`damping` is a set"),
        ("damping: float = 0.8", "raise TypeError('bad thing')", "TypeError: bad thing"),
    ],
)
def test_a_model_that_does_not_keep_what_it_has_made_is_refused(
    install: Install, field: str, change: str, said: str
) -> None:
    install(
        points="[alphabar.solvers]\nbad = damped.records:bad\n",
        records=MODEL.format(field=field, change=change),
    )
    options = {"damping": 0.8} if "0.8" in field else {}
    refused = refusal(sampling={"solver": "bad", "options": options}).what
    assert "the plug-in `bad` of damped 1.2" in refused
    assert said in refused


def test_an_option_with_an_alias_is_called_so_from_file_to_stage(install: Install) -> None:
    install(
        points="[alphabar.solvers]\nbad = damped.records:bad\n",
        records=MODEL.format(
            field="damping: float = Field(0.9, alias='lambda')", change="return damping"
        ),
    )
    values = GOOD | {"sampling": {"solver": "bad", "options": {"lambda": 0.5}}}
    stored = stages(values)["sample"].spec["sampling"]
    assert stored["options"] == {"lambda": 0.5}
    bound = SOLVERS.function("bad", stored)
    assert bound is not None
    assert bound.keywords == {"damping": 0.5}  # type: ignore[attr-defined]
    refused = refusal(sampling={"solver": "bad", "options": {"damping": 0.5}})
    assert refused.remedy == "choose from lambda"


@pytest.mark.parametrize("calls", ["sampling['nope']", "'many'"])
def test_a_cost_that_is_no_number_names_the_plugin(install: Install, calls: str) -> None:
    install(
        points="[alphabar.solvers]\nbad = damped.records:bad\n",
        records=f"bad = Plugin(SolverEntry('', '', calls=lambda sampling: {calls}), 'm:f')\n",
    )
    with pytest.raises(AlphabarError, match="the plug-in `bad` of damped 1.2"):
        planned_cost({"solver": "bad"}, conditional=False)


def test_a_group_that_does_not_exist_is_told(install: Install) -> None:
    install(points="[alphabar.solver]\ndamped_euler = damped.records:damped_euler\n")
    (warning,) = plugin_faults()
    assert "of damped 1.2 (entry point alphabar.solver: damped.records" in warning
    assert "there is no group `alphabar.solver`" in warning


def test_two_plugins_of_one_name_are_refused_with_both_packages(install: Install) -> None:
    install()
    points = "[alphabar.solvers]\ndamped_euler = damped.records:damped_euler\n"
    install(name="other", version="7", points=points)
    what = refusal(sampling={"solver": "damped_euler"}).what
    assert "several plug-ins are called `damped_euler`" in what
    assert "of damped 1.2" in what
    assert "of other 7" in what


def test_a_plugin_is_planned_and_listed_without_torch_or_its_code(tmp_path: Path) -> None:
    package = write_package(tmp_path / "package")
    code = (
        f"import sys; sys.path.append({str(package)!r});"
        "from components.spec.loading import parse_experiment;"
        "from components.spec.plan import plan_baselines;"
        f"plan_baselines(parse_experiment({PLUGGED!r}, 'file'), lambda data: 'hash').nodes();"
        "from flows.cli import app; app(['list'], standalone_mode=False);"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "damped.records" in loaded
    assert not loaded & {"torch", "numpy", "damped.code"}
    assert done.stdout.count("damped 1.2") == len(plugins.TOPICS)
    assert "options.damping" in done.stdout
    assert done.stderr == ""


def test_only_topics_of_the_catalogue_take_plugins() -> None:
    assert set(plugins.TOPICS) <= set(CATALOGUE)


@pytest.mark.parametrize("judge", ["model", "level", "codec", "scorer", "classifier"])
def test_a_metric_that_no_evaluation_takes_is_refused_where_it_is_asked_for(
    install: Install, judge: str
) -> None:
    install(points=f"[alphabar.metrics]\nfar = damped.records:of_{judge}\n")
    refused = str(refusal(evaluation={"metrics": ["fd", "far"]}))
    assert f"`far` cannot be asked for: its judge is `{judge}`" in refused


def test_what_a_plugged_metric_needs_is_asked_for_with_it(install: Install) -> None:
    install(points="[alphabar.metrics]\nfar = damped.records:far\n")
    assert needing("training images", ["fd", "far", "authenticity"]) == ["far", "authenticity"]


def test_a_model_of_a_package_that_is_not_installed_says_so() -> None:
    header = model_config().model_dump(mode="json")
    header["network"]["kind"] = "one_layer"
    with pytest.raises(AlphabarError, match="`network.kind: one_layer` does not exist") as caught:
        parse_config(header, "model.safetensors")
    assert "of a plug-in that is not installed: install its package" in caught.value.remedy
