import dataclasses
import json
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.evaluation.records import MetricRecord, read_metrics, write_metrics
from components.figures.statistics.intervals import Estimate

RECORD = MetricRecord.of(
    Estimate(88.0, 80.0, 96.0, 0.95, "jackknife"),
    n_generated=500,
    n_reference=540,
    extractor="efficientnet_lite0",
    resize="bilinear-antialias 64px",
    reference="holdout",
    data_hash="0123.dir",
    seed=7,
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    share = dataclasses.replace(RECORD, classifier_accuracy=0.98, settings={"k": 5})
    records = {"fd_efficientnet_lite0": RECORD, "recognised_svc": share}
    write_metrics(tmp_path / "metrics.json", records)
    assert read_metrics(tmp_path / "metrics.json") == records


def test_the_file_holds_every_part_of_the_protocol_and_no_empty_field() -> None:
    assert RECORD.to_json() == {
        "value": 88.0,
        "low": 80.0,
        "high": 96.0,
        "confidence": 0.95,
        "interval": "jackknife",
        "n_generated": 500,
        "n_reference": 540,
        "extractor": "efficientnet_lite0",
        "resize": "bilinear-antialias 64px",
        "reference": "holdout",
        "data_hash": "0123.dir",
        "seed": 7,
    }


def test_a_bare_number_is_no_record() -> None:
    with pytest.raises(AlphabarError, match="confidence, data_hash"):
        MetricRecord.from_json({"value": 88.0})


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(AlphabarError, match="fid"):
        MetricRecord.from_json(RECORD.to_json() | {"fid": 3})


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"loss": 1.0})])
def test_a_file_without_metrics_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(text)
    with pytest.raises(AlphabarError, match=r"metrics\.json"):
        read_metrics(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="does not exist"):
        read_metrics(tmp_path / "metrics.json")
