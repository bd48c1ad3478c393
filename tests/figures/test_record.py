import json
from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.figures.figure import Figure, Origins
from components.figures.judgement import Judgement
from components.figures.record import (
    figure_record,
    read_judgement,
    write_judgement,
    write_summary,
)
from tests.figures.made import made, record, write_record

FD, SHARE = "fd_efficientnet_lite0", "recognised_svc"
ORIGINS = Origins(np.arange(5, 45), "prompts")


@pytest.fixture
def judgement() -> Judgement:
    generated, crossed = np.random.default_rng(0).standard_normal((2, 40))
    fd = made(FD, 88.0, 80.0, 96.0, pseudo=(generated, np.arange(20.0), crossed), seed=5)
    share = made(SHARE, 1.0, 0.9, 1.0, classifier_accuracy=0.98, settings={"k": 5})
    return Judgement(
        {FD: fd, SHARE: share},
        {"cats": {FD: made(FD, 90.0, 70.0, 110.0, n_generated=20)}},
        {"vendi_x": "too few images"},
        ("2 of the images are copies",),
        {"generated": {"files": 40}},
    ).made_from(ORIGINS)


def same(one: Figure, other: Figure) -> None:
    """Every value of both is equal, and of one type."""
    assert (one.metric, one.protocol) == (other.metric, other.protocol)
    assert one.measured.estimate == other.measured.estimate
    for part in ("generated", "reference", "crossed"):
        mine, theirs = getattr(one.measured, part), getattr(other.measured, part)
        assert type(mine) is type(theirs)
        assert mine is None or mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


def test_what_is_written_is_read_again(judgement: Judgement, tmp_path: Path) -> None:
    write_judgement(tmp_path, judgement)
    found = read_judgement(tmp_path)
    for name, figure in judgement.figures.items():
        same(figure, found.figures[name])
        assert found.figures[name].origins is found.origins
    same(judgement.groups["cats"][FD], found.groups["cats"][FD])
    for part in ("left_out", "notes", "folders"):
        assert getattr(found, part) == getattr(judgement, part)
    assert found.origins is not None
    assert found.origins.prompts == "prompts"
    np.testing.assert_array_equal(found.origins.seeds, ORIGINS.seeds)
    assert list(found.by_name) == [FD, SHARE, f"{FD}/cats"]
    assert found.by_name[f"{FD}/cats"].metric == f"{FD}/cats"


def test_the_file_holds_every_part_of_the_protocol_and_no_empty_field() -> None:
    assert figure_record(made(FD, 88.0, 80.0, 96.0, seed=7)) == {
        "value": 88.0,
        "low": 80.0,
        "high": 96.0,
        "confidence": 0.95,
        "interval": "jackknife",
        "n_generated": 40,
        "n_reference": 540,
        "extractor": "x",
        "resize": "none",
        "reference": "holdout",
        "data_hash": "abc",
        "seed": 7,
    }


def test_the_summary_is_some_ten_plain_numbers(tmp_path: Path) -> None:
    names = ("fd_x", "fd_a", "kid", "kd_x", "fd_infinity_x", "recall_x", "elbo_bpd", "vendi_x")
    write_summary(tmp_path, Judgement({name: made(name, 2.0, 1.0, 3.0) for name in names}))
    content = json.loads((tmp_path / "summary.json").read_text())
    values = dict.fromkeys(("fd_x", "kid", "recall_x", "elbo_bpd"), 2.0)
    assert content == {**values, "fd_x_low": 1.0, "fd_x_high": 3.0}


def test_images_of_unknown_origin_have_no_seeds(judgement: Judgement, tmp_path: Path) -> None:
    write_judgement(tmp_path, judgement.made_from(None))
    found = read_judgement(tmp_path)
    assert found.origins is None
    assert found.figures[FD].measured.generated is not None


def test_pseudo_values_that_are_not_those_of_the_record_are_noticed(
    judgement: Judgement, tmp_path: Path
) -> None:
    write_judgement(tmp_path, judgement)
    path = tmp_path / "pseudo_values.npz"
    whole = path.read_bytes()
    for content in (b"", b"no archive", whole[:-9], whole[:200] + b"\x01" + whole[201:]):
        path.write_bytes(content)
        with pytest.raises(AlphabarError, match=r"pseudo_values\.npz is damaged"):
            read_judgement(tmp_path)
    path.unlink()
    with pytest.raises(AlphabarError, match=r"pseudo_values\.npz is missing"):
        read_judgement(tmp_path)


def test_arrays_that_are_no_rows_of_numbers_are_refused(tmp_path: Path) -> None:
    write_record(tmp_path, {"metrics": {FD: record(1.0, 0.5)}}, {f"{FD}|generated": np.eye(3)})
    with pytest.raises(AlphabarError, match="no row of numbers"):
        read_judgement(tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"metrics": {FD: {"value": 3.0}}}, f"the record of {FD} is incomplete"),
        ({"metrics": {FD: 3.0}}, f"the record of {FD}"),
        ({"metrics": {FD: record(3.0, 1.0) | {"value": "x"}}}, f"the record of {FD}"),
        ({"metrics": {FD: record(3.0, 1.0) | {"fid": 3}}}, "unknown fields: fid"),
        ({"metrics": [1]}, "holds no evaluated figures"),
        ({"loss": 0.1}, "holds no evaluated figures"),
        ({"metrics": {FD: record(3.0, 1.0)}, "groups": [1]}, "is broken"),
        ({"metrics": {FD: record(3.0, 1.0)}, "prompts": "p"}, "is broken"),
    ],
)
def test_a_file_that_is_no_record_of_figures_is_named(
    tmp_path: Path, content: object, fault: str
) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    with pytest.raises(AlphabarError, match=fault) as caught:
        read_judgement(tmp_path)
    assert str(tmp_path / "metrics.json") in caught.value.what


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match=r"metrics\.json does not exist"):
        read_judgement(tmp_path)


def test_prompts_are_alike_when_class_and_caption_are_in_order() -> None:
    seeds, classes, captions = np.arange(2), np.array([1, 2]), ("a one", "a two")
    one, same = (Origins.of(each, classes, captions) for each in (seeds, seeds + 4))
    assert one.prompts == same.prompts
    for other in (
        Origins.of(seeds, classes[::-1], captions[::-1]),
        Origins.of(seeds, classes, ("a one", "a 2")),
        Origins.of(seeds, classes - 1, captions),
    ):
        assert one.prompts != other.prompts
