"""How tables and images show themselves: as HTML of a notebook, without scripts."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.reporting.tables.table import Table

COLUMNS, SHOWN = 10, 50
"""Of the picture that a notebook shows of images."""


def table_html(table: "Table") -> str:
    """A table's main columns with their intervals, and its notes."""
    from components.reporting.tables.table import whole_text

    main = [i for i, column in enumerate(table.columns) if column.main]
    head = "".join(f"<th scope='col'>{escape(table.columns[i].title)}</th>" for i in main)
    rows = [
        "".join(f"<td>{escape(whole_text(row.cells[i]))}</td>" for i in main) for row in table.rows
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in table.notes)
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def sheet_png(images: "NDArray[np.uint8]") -> bytes:
    """The first `SHOWN` images, (n, height, width, channel), as one picture."""
    from components.data.grids import as_image, contact_sheet

    picture = io.BytesIO()
    as_image(contact_sheet(images[:SHOWN], COLUMNS)).save(picture, "PNG")
    return picture.getvalue()


def sheet_html(images: "NDArray[np.uint8]", captions: Sequence[str], words: str) -> str:
    """`sheet_png` over what the images were asked for and what they are."""
    asked = ", ".join(dict.fromkeys(filter(None, captions[:SHOWN])))
    shown = min(len(images), SHOWN)
    said = [f"{shown} of {len(images)} images" if shown < len(images) else f"{shown} images"]
    said += [f"of {asked}"] if asked else []
    text = escape(f"{' '.join(said)}: {words}")
    source = base64.b64encode(sheet_png(images)).decode()
    return (
        f"<figure><img alt='{text}' src='data:image/png;base64,{source}'>"
        f"<figcaption>{text}</figcaption></figure>"
    )
