from dataclasses import replace
from types import SimpleNamespace

from components.figures.figure import Figure
from components.files.json_file import load_json, write_json
from components.reporting.pages.page import page
from components.reporting.results import Results, read
from components.reporting.tables.page_tables import comparison_tables, pair

FD, COPIES = "fd_efficientnet_lite0", "authenticity_efficientnet_lite0"
RECALL = "recall_efficientnet_lite0"


def of_other_number(figure: Figure, n: int = 500) -> Figure:
    return replace(figure, protocol=replace(figure.protocol, n_generated=n))


def test_a_floor_of_another_number_of_images_is_marked_on_the_page(rich: Results) -> None:
    floors = {name: of_other_number(f) for name, f in rich.floors.items()}
    found = comparison_tables(replace(rich, floors=floors))
    (floor,) = found["main"]["groups"][-1][1]
    shown = dict(zip([h["metric"] for h in found["main"]["header"]], floor["values"], strict=True))
    assert shown[FD] == ("88.0", "[82.0, 94.0], n 500")
    assert shown[COPIES] == ("97.0 %", "[95.0, 99.0]")
    assert sum("depends on that number" in note for note in found["notes"]) == 1
    assert not any("depends on that number" in n for n in comparison_tables(rich)["notes"])


def test_a_floor_that_was_measured_otherwise_is_not_on_the_page(rich: Results) -> None:
    odd = rich.floors[FD]
    other = replace(odd, protocol=replace(odd.protocol, data_hash="bold"))
    found = comparison_tables(replace(rich, floors={**rich.floors, FD: other}))
    (floor,) = found["main"]["groups"][-1][1]
    shown = dict(zip([h["metric"] for h in found["main"]["header"]], floor["values"], strict=True))
    assert shown[FD] is None
    assert shown[RECALL] is not None
    (note,) = [note for note in found["notes"] if note.startswith("no floor of")]
    assert FD in note


def test_the_fine_tunes_floor_is_marked_too(rich: Results) -> None:
    tuned = rich.finetuned
    assert tuned is not None
    floors = {name: of_other_number(f, 30) for name, f in tuned.floors.items()}
    name, figures, _ = replace(tuned, floors=floors).rows(rich.chosen)[-1]
    assert name == "real images (floor)"
    assert pair(figures, FD) == ("88.0", "[82.0, 94.0], n 30")


def test_what_was_not_measured_is_said_with_its_reason(rich_input: SimpleNamespace) -> None:
    missing = {"vendi_x": "40 images are too few", "fd_infinity_x": "40 images are too few"}
    for role in ("evaluate:0", "evaluate:2"):
        path = rich_input.inputs[role] / "metrics.json"
        write_json(path, load_json(path) | {"left_out": missing})
    results = read(rich_input.spec, rich_input.inputs)
    words = "not measured of 2 cells: fd_infinity_x, vendi_x (40 images are too few)"
    assert comparison_tables(results)["notes"][-1] == words
    assert f"{words}." in page(results)
    alone = [results.cells[0]]
    note = comparison_tables(replace(results, cells=alone, best=0, finetuned=None))["notes"][-1]
    assert note == "not measured: fd_infinity_x, vendi_x (40 images are too few)"
