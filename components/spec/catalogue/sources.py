"""Where images come from."""

from components.spec.catalogue.entries import SourceEntry
from components.spec.choices import Choices

_SOURCES = {
    "digits": SourceEntry(
        "scikit-learn's 1,797 scans of handwritten digits",
        "Alpaydin, Kaynak 1998",
        ("style",),
        styles=("regular", "bold"),
    ),
    "openmoji": SourceEntry(
        "OpenMoji's 1,918 captioned drawings",
        "OpenMoji",
        ("style",),
        styles=("color", "line"),
        vector=True,
    ),
    "folder": SourceEntry(
        "your own, as `alphabar data add` took them", "yours", ("name", "style"), named=True
    ),
}

SOURCES = Choices("sources", SourceEntry, _SOURCES)
