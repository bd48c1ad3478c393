import csv
import io
from functools import cache
from xml.etree import ElementTree

import pytest

from components.data.sources import openmoji
from components.data.sources.openmoji import line_layer

EMPTY_LINE_LAYER = {"1F17F", "1F193", "1F194", "1F195", "1F250"}


@cache
def contents() -> dict[str, bytes]:
    return dict(openmoji.files())


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(contents()["metadata.csv"].decode())))


def test_every_named_drawing_without_skin_tones_is_there() -> None:
    color = {row["drawing"] for row in rows() if row["style"] == "color"}
    line = {row["drawing"] for row in rows() if row["style"] == "line"}
    assert len(color) == 1918
    assert color - line == EMPTY_LINE_LAYER
    assert not any("1F3FB" in code for code in color)


def test_captions_are_words_and_shared_by_both_styles() -> None:
    captions = {(row["style"], row["drawing"]): row["caption"] for row in rows()}
    assert captions["color", "1F600"] == captions["line", "1F600"] == "grinning face"
    assert not any("_" in caption or caption.startswith(":") for caption in captions.values())


def test_the_line_layer_is_the_group_that_an_xml_parser_finds() -> None:
    for code in {row["drawing"] for row in rows()} - EMPTY_LINE_LAYER:
        whole = ElementTree.fromstring(contents()[f"color/{code}.svg"])  # noqa: S314
        cut = ElementTree.fromstring(contents()[f"line/{code}.svg"])  # noqa: S314
        (group,) = [child for child in whole if child.get("id") == "line"]
        assert cut.attrib == whole.attrib
        assert [canonical(child) for child in cut] == [canonical(group)], code


def canonical(element: ElementTree.Element) -> str:
    return ElementTree.canonicalize(ElementTree.tostring(element, "unicode"), strip_text=True)


def test_nested_groups_stay_inside_the_layer() -> None:
    svg = '<svg a="1"><g id="color"><g/></g><g id="line"><g><g/><path/></g></g><g id="x"/></svg>'
    assert line_layer(svg) == '<svg a="1">\n  <g id="line"><g><g/><path/></g></g>\n</svg>\n'


@pytest.mark.parametrize("svg", ["<svg></svg>", '<svg><g id="line"><g></g></svg>'])
def test_an_svg_without_a_whole_line_group_is_an_error(svg: str) -> None:
    with pytest.raises(ValueError, match="group `line`"):
        line_layer(svg)


def test_the_licence_and_the_changes_are_told() -> None:
    text = contents()["LICENSE.txt"].decode()
    assert "CC BY-SA 4.0" in text
    assert "Changes:" in text
    assert "Attribution-ShareAlike 4.0 International" in text
