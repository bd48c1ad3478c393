from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.spec.gate import Gate, MetricGate, load_gate

ROOT = Path(__file__).parent.parent.parent
FD = "fd_efficientnet_lite0"


def message(folder: Path, text: str) -> str:
    """What is said of a gate file with this text."""
    path = folder / "gates.yaml"
    path.write_text(text)
    with pytest.raises(AlphabarError) as caught:
        load_gate(path)
    assert str(path) in caught.value.what
    assert len(str(caught.value)) < 2000
    return str(caught.value)


def test_the_shipped_gate_is_read() -> None:
    gate = load_gate(ROOT / "gates.yaml")
    assert gate.metrics[FD].better_than_champion
    assert gate.metrics["authenticity_efficientnet_lite0"].at_least is not None
    assert gate.preference is not None
    assert not gate.preference.required


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"metrcs: {{{FD}: {{at_most: 1}}}}", ["`metrcs`", "`metrics`"]),
        (f"metrics: {{{FD}: {{at_mots: 1}}}}", [f"`metrics.{FD}.at_mots`", "`at_most`"]),
        ("metrics: {fdd_efficientnet_lite0: {at_most: 1}}", ["`metrics.fdd_", f"`{FD}`"]),
        ("metrics: {recal_dinov2: {at_most: 1}}", ["`metrics.recal_dinov2`", "`recall_dinov2`"]),
        (f"metrics: {{{FD}: {{at_most: '1'}}}}", [f"`metrics.{FD}.at_most: '1'`", "number"]),
        (f"metrics: {{{FD}: {{at_most: .nan}}}}", [f"`metrics.{FD}.at_most", "finite"]),
        (f"metrics: {{{FD}: {{not_worse_than_champion_by: -1}}}}", ["greater than or equal to 0"]),
        (f"metrics: {{{FD}: {{better_than_champion: 1}}}}", ["better_than_champion: 1", "bool"]),
        (f"metrics: {{{FD}: {{}}}}", [f"`metrics.{FD}`", "nothing is asked"]),
        (f"metrics: {{{FD}: {{better_than_champion: false}}}}", ["nothing is asked"]),
        (f"metrics: {{{FD}: {{at_most: 1, at_least: 2}}}}", ["nothing passes"]),
        (f"metrics: {{{FD}: {{better_than_champion: true, certain: true}}}}", ["`certain`"]),
        ("metrics: {authenticity: {at_least: 0.4}}", ["`authenticity_efficientnet_lite0`"]),
        ("metrics: {fd: {at_most: 1}}", ["`metrics.fd` names no judge", f"`{FD}`"]),
        ("metrics: {fd_: {at_most: 1}}", [f"`{FD}`"]),
        ("metrics: {fd_infinity: {at_most: 1}}", ["`fd_infinity_efficientnet_lite0`"]),
        ("metrics: {recognised: {at_least: 0.9}}", ["`recognised_svc`"]),
        ("metrics: {fd/seven: {at_most: 1}}", [f"`{FD}/seven`"]),
        ("metrics: {fdd/seven: {at_most: 1}}", ["/seven`"]),
        ("metrics: {neighbour_ratio_x: {better_than_champion: true}}", ["no good side"]),
        ("metrics: {1: {at_most: 1}}", ["the key 1 is no text"]),
        (f"metrics: [{FD}]", ["`metrics:"]),
        ("preference: {win_rate: 0.5}", ["`preference.win_rate`", "`win_rate_above`"]),
        ("preference: {win_rate_above: 1.5}", ["`preference.win_rate_above: 1.5`"]),
        ("{}", ["asks for nothing"]),
        ("", ["holds nothing"]),
        ("- metrics", ["list"]),
        (f"metrics: {{{FD}: {{at_most: 1}}, {FD}: {{at_most: 2}}}}", ["given twice"]),
        ("metrics: !!python/object/apply:os.system [ls]", ["not valid YAML"]),
        ("&a {metrics: *a}", ["not valid YAML"]),
        ("metrics: &a [*a]", ["not valid YAML"]),
        ("a: \x00", ["binary"]),
    ],
)
def test_a_wrong_gate_is_refused_with_path_and_remedy(
    tmp_path: Path, text: str, named: list[str]
) -> None:
    said = message(tmp_path, text)
    for part in named:
        assert part in said


def test_aliases_that_make_a_few_bytes_into_billions_are_refused(tmp_path: Path) -> None:
    lines = [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    assert "aliases" in message(tmp_path, "a0: &a0 [x, x]\n" + "\n".join(lines))


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    assert "nested more than 64 deep" in message(tmp_path, "metrics: " + "[" * 100_000)


def test_a_gate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="no-gates"):
        load_gate(tmp_path / "no-gates.yaml")
    with pytest.raises(AlphabarError, match="is a folder"):
        load_gate(tmp_path)


def test_a_metric_without_a_good_side_can_still_have_limits(tmp_path: Path) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text("metrics: {neighbour_ratio_dinov2: {at_least: 0.5}}")
    assert load_gate(path).metrics["neighbour_ratio_dinov2"].at_least == 0.5


@pytest.mark.parametrize(
    "name",
    [
        "fid",
        "fid_infinity",
        "kid",
        "kid_subsets",
        "inception_score",
        "clip_score",
        "clip_score/seven",
        "elbo_bpd",
        "recognised_svc",
        "retrieval_top1",
        "cmmd_clip_vit-b-32",
    ],
)
def test_whole_names_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(f"metrics: {{{name}: {{at_most: 1, certain: true}}}}")
    assert load_gate(path).metrics[name].at_most == 1


def test_a_gate_made_in_code_is_held_to_the_same_names() -> None:
    with pytest.raises(ValueError, match="names no judge.*`recall_efficientnet_lite0`"):
        Gate(metrics={"recall": MetricGate(at_least=0.1)})
