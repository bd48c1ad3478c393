"""What the name of a preference model says: which one, of which version, from where."""

from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.catalogue.preferences import (
    HPS_VERSIONS,
    PREFERENCES,
    HpsName,
    hps_name,
    preference_of,
    preference_slug,
)
from components.spec.loading import validate
from components.spec.metric_family import JUDGES
from components.spec.metrics import metric_name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hps:HPS_v2_compressed.pt", ("ViT-H-14", "HPS_v2_compressed.pt", "v2.0")),
        ("hps:HPS_v2.1_compressed.pt", ("ViT-H-14", "HPS_v2.1_compressed.pt", "v2.1")),
        ("hps:a/hpsv2.1.pt", ("ViT-H-14", "a/hpsv2.1.pt", "v2.1")),
        ("hps:v2.1/HPS_v2.0.pt", ("ViT-H-14", "v2.1/HPS_v2.0.pt", "v2.0")),
        ("hps:mine.pt@v2.1", ("ViT-H-14", "mine.pt", "v2.1")),
        ("hps:a@b/HPS_v2.pt@v2.0", ("ViT-H-14", "a@b/HPS_v2.pt", "v2.0")),
        ("hps:ViT-S-32-alt:mine.pt@v2.0", ("ViT-S-32-alt", "mine.pt", "v2.0")),
    ],
)
def test_the_version_is_what_the_file_is_called_or_what_is_said(
    name: str, said: tuple[str, str, str]
) -> None:
    assert hps_name(name) == HpsName(*said)
    assert preference_of(name) is PREFERENCES["hps:FILE"]
    assert preference_slug(name) == f"hps_{said[2]}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hps:mine.pt", "does not tell which HPS"),
        ("hps:HPS_v2.15.pt", "does not tell which HPS"),
        ("hps:HPS_v3.pt", "does not tell which HPS"),
        ("hps:conv2.pt", "does not tell which HPS"),
        ("hps:v2_or_v2.1.pt", "does not tell which HPS"),
        ("hps:mine.pt@v2.2", "does not tell which HPS"),
        ("hps:HPS_v2.1.pt@v2.0", "says v2.0 of a file that is called v2.1"),
        ("hps::mine_v2.pt", "names no file"),
        ("hps:@v2.1", "names no file"),
    ],
)
def test_a_name_that_tells_no_version_or_two_is_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hps_name(name)


def test_every_version_has_a_figure_of_its_own_that_is_known_by_name() -> None:
    names = ["pickscore:a/b", *(f"hps:x.pt@{version}" for version in HPS_VERSIONS)]
    slugs = [preference_slug(name) for name in names]
    assert slugs == list(JUDGES["preference"].names)
    assert len({metric_name("preference_score", slug) for slug in slugs}) == 3
    assert preference_slug("none") == preference_slug("other:x") == ""


@pytest.mark.parametrize("encoder", ["class", "minilm", "none"])
def test_a_model_that_is_told_nothing_has_no_captions_to_be_judged_by(encoder: str) -> None:
    whole: dict[str, Any] = {"name": "x", "data": {"source": "digits"}}
    whole |= {"conditioning": {"encoder": encoder}}
    whole |= {"evaluation": {"preference": "pickscore:a/folder", "clip": "none"}}
    if encoder == "none":
        with pytest.raises(AlphabarError, match="have no captions"):
            validate(whole, "file.yaml")
        return
    assert validate(whole, "file.yaml").evaluation.judges_preference
