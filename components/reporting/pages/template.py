"""The pages' templates: self-contained HTML, whatever is put in is escaped."""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from components.reporting.pictures import canvas
from components.reporting.pictures.illustrations import Illustration
from components.reporting.tables.digits import even
from components.reporting.tables.table import Text, Value

SCRIPTS = ("dom.js", "tables.js", "zoom.js", "pair.js")
"""The pages' scripts: without them everything can be read, but not sorted, filtered or chosen."""

CONTENTS = "<!-- contents -->"
"""Where a page's list of sections goes."""


def rendered(template: str, **values: object) -> str:
    """A page: styles, plots and images are in it.

    Args:
        template: a file beside this one.
        values: what it is filled with; the style sheet is given as ``css``, the pages' scripts as
            ``script``, with their ``script_digest`` for the policy that allows no others.
    """
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["a_value"] = lambda cell: isinstance(cell, Value)
    environment.tests["a_text"] = lambda cell: isinstance(cell, Text)
    environment.filters |= {"code": code, "even": even}
    css = Markup((here / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    script = "".join((here / name).read_text(encoding="utf-8") for name in SCRIPTS)
    given = {
        "css": css,
        "script": Markup(script),  # noqa: S704 - our own files
        "script_digest": b64encode(sha256(script.encode()).digest()).decode("ascii"),
    }
    return with_contents(environment.get_template(template).render(**given, **values))


def with_contents(page: str) -> str:
    """The page with the list of its sections where it has the place for one."""
    found = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', page, re.DOTALL)
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in found)
    return page.replace(CONTENTS, f'<nav aria-label="On this page"><ol>{links}</ol></nav>')


def code(text: str) -> Markup:
    """Plain ``text``, escaped, with what stands between backticks as code."""
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(words)  # noqa: S704 - escaped before


def plotted(plots: Iterable[Illustration]) -> list[tuple[Markup, str]]:
    """Each plot as SVG, and its caption."""
    return [
        (Markup(canvas.svg(p.plot, p.name, p.label)), p.caption)  # noqa: S704 - escaped there
        for p in plots
    ]
