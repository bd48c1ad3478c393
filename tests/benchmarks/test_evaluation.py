import json
import sys
from pathlib import Path

import pytest

from benchmarks import evaluation


def test_a_quick_run_tells_the_engine_and_both_ratios_and_keeps_the_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "benchmarks.json"
    monkeypatch.setattr(sys, "argv", ["evaluation", "--quick", "--out", str(out)])
    evaluation.main()
    said = capsys.readouterr().out
    for words in ("engine: onnxruntime", "the engine is", "every metric costs"):
        assert words in said
    kept = json.loads(out.read_text())
    assert [sorted(rows) for rows in kept.values()] == [
        ["eager network", "every metric", "features only"],
        [
            "clean-fid FID, KID, prdc",
            "decode, then features",
            "every metric",
            "features from files",
        ],
    ]
    assert all(len(seconds) == 2 for rows in kept.values() for seconds in rows.values())
