"""Where images come from, and how they become square."""

from components.spec.catalogue.entries import FitEntry, Licence, SourceEntry
from components.spec.choices import Choices

_CREATIVE_COMMONS = "https://creativecommons.org/licenses"

_SOURCES = {
    "digits": SourceEntry(
        "scikit-learn's 1,797 scans of handwritten digits",
        "Alpaydin, Kaynak 1998",
        ("style",),
        styles=("regular", "bold"),
        square=True,
        channels=1,
        licence=Licence(
            "CC BY 4.0",
            "cc-by-4.0",
            f"{_CREATIVE_COMMONS}/by/4.0/",
            "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine "
            "Learning Repository (1998), https://doi.org/10.24432/C50P49.",
        ),
    ),
    "openmoji": SourceEntry(
        "OpenMoji's 1,918 captioned drawings",
        "OpenMoji",
        ("style",),
        styles=("color", "line"),
        vector=True,
        square=True,
        channels=3,
        licence=Licence(
            "CC BY-SA 4.0",
            "cc-by-sa-4.0",
            f"{_CREATIVE_COMMONS}/by-sa/4.0/",
            "All emojis designed by OpenMoji – the open-source emoji and icon project. License: "
            "CC BY-SA 4.0. https://openmoji.org",
            "Share-alike: what is made of these drawings, and given on, is under the same licence.",
        ),
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
