"""Preference models that judge images for people: how they are named, and what a name says."""

import re
from dataclasses import dataclass

PICKSCORE, HPS = "pickscore:DIR", "hps:FILE"

HPS_MODEL = "ViT-H-14"
"""The open_clip model that HPS v2 is, where a name says no other."""

HPS_VERSIONS = ("v2.0", "v2.1")
"""Trained on other choices: their scores do not compare, so a figure's name has the version."""

_IN_A_FILES_NAME = re.compile(r"(?:\bhps|\b)v2(?:\.([01]))?(?![0-9.]*[0-9])", re.IGNORECASE)
_SAID = re.compile(r"^(?P<file>.*)@(?P<version>v[0-9.]+)$")


@dataclass(frozen=True)
class PreferenceEntry:
    """A model that was trained on people's choices between images of one prompt.

    Attributes:
        judges: whether there is one; it reads captions.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    judges: bool = True


PREFERENCES: dict[str, PreferenceEntry] = {
    "none": PreferenceEntry("no preference model judges", "Heusel et al. 2017", judges=False),
    PICKSCORE: PreferenceEntry(
        "PickScore: a CLIP in a folder of transformers, tuned on people's choices",
        "Kirstain et al. 2023",
    ),
    HPS: PreferenceEntry(
        "HPS v2: an open_clip checkpoint; also hps:MODEL:FILE, and FILE@v2.1 for the version",
        "Wu et al. 2023",
    ),
}


@dataclass(frozen=True)
class HpsName:
    """What ``hps:FILE``, ``hps:MODEL:FILE`` and either with ``@VERSION`` behind say.

    Attributes:
        model: of open_clip.
        file: a path, or a name in a folder of weights.
        version: one of `HPS_VERSIONS`.
    """

    model: str
    file: str
    version: str


def preference_of(name: str) -> PreferenceEntry | None:
    """The entry of what `evaluation.preference` says; None where there is none such.

    Raises:
        ValueError: an HPS of no known version, or of two.
    """
    kind, _, given = name.partition(":")
    if not given.strip():
        return PREFERENCES.get(name)
    if HPS.startswith(f"{kind}:"):
        hps_name(name)
        return PREFERENCES[HPS]
    return PREFERENCES[PICKSCORE] if PICKSCORE.startswith(f"{kind}:") else None


def preference_slug(name: str) -> str:
    """What stands behind the family in a figure's name: ``pickscore``, ``hps_v2.1``; empty where
    nothing judges.

    Raises:
        ValueError: as `preference_of`.
    """
    entry = preference_of(name)
    if entry is None or not entry.judges:
        return ""
    kind = name.partition(":")[0]
    return f"{kind}_{hps_name(name).version}" if entry is PREFERENCES[HPS] else kind


def hps_name(name: str) -> HpsName:
    """The parts of an HPS's name.

    The version is what stands behind the ``@``, or else what the file is called: ``v2`` (the
    published ``HPS_v2_compressed.pt`` is 2.0) or ``v2.1``.

    Raises:
        ValueError: there is no file or no known version, or the two contradict each other.
    """
    first, _, rest = name.partition(":")[2].partition(":")
    model, file = (first, rest) if rest else (HPS_MODEL, first)
    said = _SAID.match(file)
    if said is not None:
        file = said["file"]
    if not model.strip() or not file.strip():
        raise ValueError(f"`{name}` names no file: write hps:FILE or hps:MODEL:FILE")
    stem = file.replace("\\", "/").rpartition("/")[2]
    of_file = {f"v2.{minor or 0}" for minor in _IN_A_FILES_NAME.findall(stem.replace("_", " "))}
    told = {said["version"]} if said is not None else of_file
    if len(told) != 1 or not told <= {*HPS_VERSIONS}:
        raise ValueError(
            f"`{name}` does not tell which HPS it is: write {' or '.join(HPS_VERSIONS)} behind "
            f"the file, such as hps:{file}@{HPS_VERSIONS[-1]}"
        )
    if of_file and told != of_file:
        raise ValueError(
            f"`{name}` says {told.pop()} of a file that is called {', '.join(sorted(of_file))}"
        )
    return HpsName(model, file, told.pop())
