"""Exported folders are used where alphabar is not: in a process that cannot import it."""

import subprocess
import sys
from pathlib import Path

from tests.networks.export.made import export

ALONE = """
import os, re, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"alphabar", "components", "flows", "tests"}:
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Refuse())
for folder in sys.argv[1:]:
    os.chdir(folder)
    for block in re.findall(r"```python\\n(.*?)```", open("README.md").read(), re.DOTALL):
        names = {}
        exec(block, names)
        assert len(names["images"] if "images" in names else names["pixels"]) == 2
"""
"""Runs every block of every README as it stands."""

FLOW = {"schedule": "rectified_flow", "prediction": "flow"}
CASES = {
    "classes": ({}, "class", "pixels"),
    "captions": (FLOW, "minilm", "autoencoder"),
    "clip": ({}, "clip", "autoencoder"),
    "pair": ({}, "pair", "autoencoder"),
}


def test_every_kind_of_pipeline_draws_without_alphabar(
    tmp_path: Path, encoders: dict[str, str]
) -> None:
    for name, (process, encoder, codec) in CASES.items():
        (tmp_path / name).mkdir()
        export(tmp_path / name, process, encoders[encoder], codec, steps=2, guidance=2.0)
    folders = [str(tmp_path / name / "out") for name in CASES]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *folders],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
