"""Who judges images: networks that look at them, CLIPs, classifiers, bounds; and which groups."""

from dataclasses import dataclass

from components.spec.catalogue.entries import Entry


@dataclass(frozen=True)
class ExtractorEntry:
    """A network by whose features images are judged.

    Attributes:
        clip: whether it is the image tower of a CLIP.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    clip: bool = False


@dataclass(frozen=True)
class ClipEntry:
    """What reads captions.

    Attributes:
        reads_captions: whether anything does.
        trained: whether it is trained by the experiment, in the stage `scorer`.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    reads_captions: bool = True
    trained: bool = False


@dataclass(frozen=True)
class ClassifierEntry:
    """What recognises images as of the class that they were asked for.

    Attributes:
        recognises: whether anything does; the model must then be told classes.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    recognises: bool = False


@dataclass(frozen=True)
class LikelihoodEntry:
    """What the network itself is asked of the holdout, in the stage `likelihood`.

    Attributes:
        counts_bits: whether it is asked for bits of pixels, which the codec must then work on.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    counts_bits: bool = False


OPEN_CLIP = "clip:MODEL:WEIGHTS"

EXTRACTORS: dict[str, ExtractorEntry] = {
    "efficientnet_lite0": ExtractorEntry(
        "ImageNet features of 1,280 numbers, from a package: the offline default",
        "Tan, Le 2019",
        ("size",),
    ),
    "inception": ExtractorEntry(
        "FID's own network, with clean-fid's resize; needs its weights", "Szegedy et al. 2016"
    ),
    "dinov2": ExtractorEntry(
        "self-supervised ViT, by timm; needs its weights", "Oquab et al. 2023"
    ),
    OPEN_CLIP: ExtractorEntry(
        "the image tower of an open_clip model; weights are a file or open_clip's name",
        "Radford et al. 2021",
        clip=True,
    ),
}

CLIPS: dict[str, ClipEntry] = {
    "none": ClipEntry("no captions are read", "Heusel et al. 2017", reads_captions=False),
    "domain": ClipEntry(
        "two towers from packages, trained on the experiment's own captions: the offline default",
        "Radford et al. 2021",
        trained=True,
    ),
    OPEN_CLIP: ClipEntry(
        "an open_clip model; weights are a file or open_clip's name", "Radford et al. 2021"
    ),
}

CLASSIFIERS: dict[str, ClassifierEntry] = {
    "none": ClassifierEntry("nothing is recognised", "Heusel et al. 2017"),
    "svc": ClassifierEntry(
        "a support vector classifier of real images' pixels",
        "Ravuri, Vinyals 2019",
        recognises=True,
    ),
}

LIKELIHOODS: dict[str, LikelihoodEntry] = {
    "none": LikelihoodEntry("nothing is asked of the network itself", "Heusel et al. 2017"),
    "elbo": LikelihoodEntry(
        "variational bound of the holdout, bits per dimension",
        "Ho, Jain, Abbeel 2020",
        counts_bits=True,
    ),
}

GROUPS: dict[str, Entry] = {
    "none": Entry("all images together", "Heusel et al. 2017"),
    "class": Entry("each class on its own, too", "Ravuri, Vinyals 2019"),
    "caption": Entry("each caption on its own, too", "Park et al. 2021"),
}


def extractor_of(name: str) -> ExtractorEntry | None:
    """The entry of an extractor's full name; None where there is none such."""
    return EXTRACTORS.get(_listed(name))


def clip_of(name: str) -> ClipEntry | None:
    """The entry of what `evaluation.clip` says; None where there is none such."""
    return CLIPS.get(_listed(name))


def _listed(name: str) -> str:
    """``clip:ViT-B-32:w.pt`` as it is listed; any other name as it is."""
    kind, *parts = name.split(":", OPEN_CLIP.count(":"))
    named = len(parts) == OPEN_CLIP.count(":") and all(part.strip() for part in parts)
    return OPEN_CLIP if named and OPEN_CLIP.startswith(f"{kind}:") else name
