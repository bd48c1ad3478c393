"""What trainings took, in a reader's units."""

import pytest

from components.reporting.tables.cost_table import Trained, cost_table, duration, size
from components.training.costs import Costs

SECONDS = {"training": 90.0, "evaluations": 12.0}


def test_every_training_has_a_row_and_what_nobody_knows_no_column() -> None:
    table = cost_table(
        [
            Trained(
                "linear", Costs(31_874, 500, 0.01234, 2**30, 3 * 2**29, "process", 2**21), SECONDS
            ),
            Trained("cosine", Costs(31_874, 500, 1.5, 2**30, 2**30, "process", 2**21)),
        ]
    )
    assert [column.title for column in table.columns][1:3] == ["parameters", "steps"]
    assert table.rows[0].cells == (
        *("linear", "31,874", "500", "12.3 ms", "1.5 min", "12 s", "1 GiB", "1.5 GiB", "2 MiB"),
    )
    assert table.rows[1].cells[4:6] == ("", "")
    assert len(table.notes) == 1
    assert "resident" in table.notes[0]
    reproduced = cost_table([Trained("linear", Costs(parameters=3, steps=5, published=1024))])
    assert [c.title for c in reproduced.columns] == ["trained", "parameters", "steps", "published"]
    assert not reproduced.notes


@pytest.mark.parametrize(("memory", "word"), [("GPU", "on the GPU"), ("process", "resident")])
def test_it_is_said_whose_memory_it_is(memory: str, word: str) -> None:
    assert word in cost_table([Trained("one", Costs(memory=memory, peak_memory=1))]).notes[0]


def test_a_path_is_shown_as_a_shell_completes_it() -> None:
    path = f"artifacts/finetune/{'0123456789abcdef' * 4}"
    table = cost_table([Trained("one", Costs(steps=5), {}, path)])
    assert table.rows[0].cells[-1] == "artifacts/finetune/0123456789ab*"
    assert "results.csv has the whole path" in table.notes[-1]
    assert cost_table([Trained("one", Costs(steps=5), {}, "a/b/short")]).notes == ()


def test_units_suit_the_number() -> None:
    assert [duration(s) for s in (None, 0.0004, 59.0, 61.0, 7200.0)] == [
        *("", "0.4 ms", "59 s", "1.02 min", "2 h"),
    ]
    assert [size(n) for n in (None, 512, 2**20, 2**34)] == ["", "0.5 KiB", "1 MiB", "16 GiB"]
