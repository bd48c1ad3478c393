"""Where images come from, and how they become square."""

from components.spec.catalogue.entries import FitEntry, SourceEntry
from components.spec.choices import Choices

_SOURCES = {
    "digits": SourceEntry(
        "scikit-learn's 1,797 scans of handwritten digits",
        "Alpaydin, Kaynak 1998",
        ("style",),
        styles=("regular", "bold"),
        square=True,
    ),
    "openmoji": SourceEntry(
        "OpenMoji's 1,918 captioned drawings",
        "OpenMoji",
        ("style",),
        styles=("color", "line"),
        vector=True,
        square=True,
    ),
    "folder": SourceEntry(
        "your own, as `alphabar data add` took them", "yours", ("name", "style"), named=True
    ),
}

SOURCES = Choices("sources", SourceEntry, _SOURCES)

FITS: dict[str, FitEntry] = {
    "crop": FitEntry(
        "the central square of an image that is not square",
        "Krizhevsky, Sutskever, Hinton 2012",
        "cropped to their central square",
    ),
    "pad": FitEntry("the whole of it, on white", "Redmon, Farhadi 2018", "padded with white"),
    "stretch": FitEntry(
        "the whole of it, its shorter side drawn out",
        "Parmar, Zhang, Zhu 2022",
        "stretched to a square",
    ),
}
