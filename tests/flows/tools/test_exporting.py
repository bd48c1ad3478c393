"""Studies of two folders of samples: what is refused in the words of the command."""

from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.samples import COLUMNS
from components.files.tables import write_table
from flows.tools.exporting import export_study
from flows.workspace import Workspace


def test_more_pairs_than_samples_are_refused_by_the_name_of_the_option(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((3, 8, 8, 1), np.uint8))
    write_table(tmp_path / "samples.csv", COLUMNS, [(i, i, 0, "", "") for i in range(3)])
    spec = {"pairs": 4, "seed": 0, "name": "x"}
    with pytest.raises(AlphabarError, match="--pairs 4 is more than the 3 samples") as caught:
        export_study(tmp_path, tmp_path, tmp_path / "out", spec, Workspace.here())
    assert caught.value.remedy.startswith("give --pairs 3 or fewer")
    assert not (tmp_path / "out").exists()
