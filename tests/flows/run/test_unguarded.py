"""Worker processes of a script that starts them where it is imported."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from pathlib import Path
from components.errors import AlphabarError
from components.spec.plan import Node
from flows.run.execution import Workers
from flows.workspace import Workspace

place = Workspace(Path("."), Path("artifacts"))
with Workers(place, 1, print) as workers:
    try:
        workers.run(Node("first", "prepare", {}, {}))
    except AlphabarError as error:
        print(error.what, error.remedy)
"""


def test_no_worker_can_start_and_that_is_said(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert "no worker process could be started for first" in done.stdout
    assert 'if __name__ == "__main__":' in done.stdout
    assert "out of memory" not in done.stdout
