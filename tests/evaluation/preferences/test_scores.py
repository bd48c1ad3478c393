"""Scores of images and prompts, whatever judges: batches, files, errors; names and digests."""

import logging
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from components.errors import AlphabarError
from components.evaluation.images.image_files import ImageFiles
from components.evaluation.preferences.model import PREFERENCES, build_preference
from components.evaluation.preferences.scores import PreferenceView, scores
from components.evaluation.weights_files import digest_of_weights
from components.files.digests import known_sha256
from components.spec.catalogue import PREFERENCES as LISTED
from tests.tiny_preference_models import HPS_MODEL, PROMPTS, pictures, tiny_hps

CPU = torch.device("cpu")


@pytest.fixture(params=["pickscore", "hps"])
def name(request: pytest.FixtureRequest, pickscore_dir: Path, hps_file: Path) -> str:
    """A judge of either kind."""
    return {"pickscore": f"pickscore:{pickscore_dir}", "hps": f"hps:{HPS_MODEL}:{hps_file}"}[
        request.param
    ]


def test_the_code_has_exactly_the_listed_kinds() -> None:
    assert {*PREFERENCES} == {name.partition(":")[0] for name in LISTED}
    assert build_preference("none", CPU) is None


def test_an_images_score_hangs_on_itself_and_its_prompt_alone(name: str) -> None:
    judge, images = build_preference(name, CPU), pictures(40)
    prompts = [PROMPTS[k % 4] for k in range(40)]
    whole = scores(judge, images, prompts)
    assert whole.shape == (40,)
    assert whole.dtype == np.float64
    for k in (0, 17, 39):
        alone = scores(judge, images[k : k + 1], prompts[k : k + 1])
        np.testing.assert_allclose(alone, whole[k : k + 1], rtol=1e-5, atol=1e-6)
    other = scores(judge, images, prompts[1:] + prompts[:1])
    assert np.abs(other - whole).max() > 1e-3


def test_a_judge_made_twice_gives_the_same_bytes(name: str) -> None:
    one, other = (scores(build_preference(name, CPU), pictures(), PROMPTS) for _ in range(2))
    assert one.tobytes() == other.tobytes()


def test_grey_images_and_files_of_several_sizes_are_scored(name: str, tmp_path: Path) -> None:
    judge = build_preference(name, CPU)
    grey = pictures()[..., :1]
    coloured = scores(judge, np.repeat(grey, 3, axis=3), PROMPTS)
    assert scores(judge, grey, PROMPTS).tobytes() == coloured.tobytes()
    paths = []
    for k, image in enumerate(pictures()):
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(image[: 45 - 9 * k]).save(paths[-1])
    told: list[tuple[int, int]] = []
    found = scores(
        judge, ImageFiles(tuple(paths)), PROMPTS, lambda done, of, _: told.append((done, of))
    )
    alone = [
        scores(judge, image[None, : 45 - 9 * k], [PROMPTS[k]])[0]
        for k, image in enumerate(pictures())
    ]
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-6)
    assert told[-1] == (4, 4)


@pytest.mark.parametrize(("images", "prompts"), [(pictures(), PROMPTS[:3]), (pictures()[:0], [])])
def test_images_without_a_prompt_each_are_refused(
    pickscore_dir: Path, images: np.ndarray, prompts: list[str]
) -> None:
    judge = build_preference(f"pickscore:{pickscore_dir}", CPU)
    with pytest.raises(AlphabarError, match="do not belong together"):
        scores(judge, images, prompts)


def test_captions_that_are_cut_stand_with_the_figure(name: str) -> None:
    judge = build_preference(name, CPU)
    prompts = ["cat dog red star " * 60, "cat " * 200, "a cat", "a cat"]
    view = PreferenceView.of(judge, pictures(), prompts, 0.9)
    assert view.told == {"captions_cut": 2, "captions_cut_at": 77}
    assert view.captions == 3
    assert view.rows(np.array([2, 0]), np.array([0])).scores.tolist() == [
        view.scores[2],
        view.scores[0],
    ]
    whole = scores(judge, pictures(), ["cat " * 500] * 4)
    beginning = scores(judge, pictures(), ["cat " * 300] * 4)
    assert whole.tobytes() == beginning.tobytes()


def test_a_judge_is_named_by_the_digest_of_its_files(
    pickscore_dir: Path, hps_file: Path, tmp_path: Path
) -> None:
    name = f"hps:{HPS_MODEL}:{hps_file}"
    judge = build_preference(name, CPU)
    assert judge.suffix == "hps_v2.1"
    assert judge.key == known_sha256(hps_file) == digest_of_weights(name, None)
    assert judge.name == f"hps_v2.1 {judge.key[:12]}"
    moved = shutil.copytree(pickscore_dir, tmp_path / "elsewhere")
    one, other = (build_preference(f"pickscore:{d}", CPU) for d in (pickscore_dir, moved))
    assert (one.name, one.key) == (other.name, other.key)
    assert one.key == digest_of_weights(f"pickscore:{moved}", None)
    weights = load_file(moved / "model.safetensors")
    save_file(
        weights | {"logit_scale": weights["logit_scale"] + 1},
        moved / "model.safetensors",
        {"format": "pt"},
    )
    assert build_preference(f"pickscore:{moved}", CPU).key != one.key


def test_weights_are_looked_for_in_the_folder_of_weights(
    pickscore_dir: Path, hps_file: Path
) -> None:
    found = build_preference(f"hps:{HPS_MODEL}:{hps_file.name}", CPU, hps_file.parent)
    assert found.key == known_sha256(hps_file)
    by_name = build_preference(f"pickscore:{pickscore_dir.name}", CPU, pickscore_dir.parent)
    assert by_name.key == digest_of_weights(f"pickscore:{pickscore_dir.name}", pickscore_dir.parent)


@pytest.mark.parametrize("name", ["pickscore:nowhere/at/all", "hps:nowhere/HPS_v2.1.pt"])
def test_weights_that_are_nowhere_are_no_digest_and_an_error_that_names_the_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert digest_of_weights(name, None) is None
    with pytest.raises(AlphabarError, match="nowhere") as refusal:
        build_preference(name, CPU)
    assert str(tmp_path) in refusal.value.what
    assert "evaluation.preference" in refusal.value.remedy


@pytest.mark.parametrize("name", ["imagereward:x", "hps:", "pickscore", "hps:model.pt"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(AlphabarError, match=name):
        build_preference(name, CPU)


def _without(name: str) -> Any:
    return lambda folder: (folder / name).unlink()


def _text_alone(folder: Path) -> None:
    path = folder / "model.safetensors"
    kept = {n: t for n, t in load_file(path).items() if not n.startswith("vision_model")}
    save_file(kept, path, {"format": "pt"})


def _pickled(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without("model.safetensors"), "has no weights"),
        (_without("config.json"), "no config.json"),
        (_without("preprocessor_config.json"), "no preprocessor_config.json"),
        (_without("vocab.json"), "no tokenizer"),
        (_pickled, "is pickled"),
        (lambda f: (f / "model.safetensors").write_bytes(b"no"), "not a whole file"),
    ],
)
def test_a_folder_that_lacks_something_is_refused_at_once(
    pickscore_dir: Path, tmp_path: Path, spoil: Any, message: str
) -> None:
    folder = shutil.copytree(pickscore_dir, tmp_path / "model")
    spoil(folder)
    for make in (build_preference, lambda name, _: digest_of_weights(name, None)):
        with pytest.raises(AlphabarError, match=message):
            make(f"pickscore:{folder}", CPU)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_text_alone, "its weights lack vision_model"),
        (lambda f: (f / "config.json").write_text('{"model_type": "bert"}'), "of `bert`"),
        (lambda f: (f / "config.json").write_text("{"), "config.json"),
        (lambda f: (f / "preprocessor_config.json").write_text("[]"), "preprocessor_config"),
        (lambda f: (f / "vocab.json").write_text("{}"), "tokenizer|vocab"),
    ],
)
def test_a_folder_of_something_else_is_refused(
    pickscore_dir: Path, tmp_path: Path, spoil: Any, message: str
) -> None:
    folder = shutil.copytree(pickscore_dir, tmp_path / "model")
    spoil(folder)
    with pytest.raises(AlphabarError, match=message):
        scores(build_preference(f"pickscore:{folder}", CPU), pictures(), PROMPTS)


class Runs:
    """A pickle of it would run something."""

    def __reduce__(self) -> Any:
        return (print, ("this ran",))


def _saved(content: Any) -> Any:
    return lambda path: torch.save(content, path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_saved({"weights": {"a": torch.zeros(1)}}), "no weights under `state_dict`"),
        (_saved({"state_dict": {}}), "no weights under `state_dict`"),
        (_saved([1, 2]), "no weights under `state_dict`"),
        (_saved({"state_dict": {"visual.proj": "x"}}), "tensors"),
        (_saved({"state_dict": {"visual.proj": torch.zeros(2, 2)}}), "are not of"),
        (_saved({"state_dict": Runs()}), "cannot be read"),
        (lambda p: p.write_bytes(pickle.dumps({"state_dict": Runs()}, 2)), "cannot be read"),
        (lambda p: p.write_bytes(b"no"), "cannot be read"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused_and_nothing_of_it_is_run(
    hps_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Any, message: str
) -> None:
    path = tmp_path / "HPS_v2.1.pt"
    spoil(path)
    with pytest.raises(AlphabarError, match=message) as refusal:
        scores(build_preference(f"hps:{hps_model}:{path}", CPU), pictures(), PROMPTS)
    assert str(path) in refusal.value.what
    assert "this ran" not in capsys.readouterr().out


def test_nothing_is_said_of_random_weights(
    hps_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        scores(build_preference(f"hps:{HPS_MODEL}:{hps_file}", CPU), pictures(), PROMPTS)
    assert caplog.text == ""


def test_a_model_of_open_clip_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="no model `ViT-Q-1`"):
        build_preference(f"hps:ViT-Q-1:{tmp_path / 'HPS_v2.pt'}", CPU)


def test_other_weights_are_another_judge(hps_model: str, tmp_path: Path) -> None:
    one = build_preference(f"hps:{hps_model}:{tiny_hps(tmp_path / 'a/HPS_v2.pt', 1)}", CPU)
    two = build_preference(f"hps:{hps_model}:{tiny_hps(tmp_path / 'b/HPS_v2.pt', 2)}", CPU)
    assert one.suffix == two.suffix == "hps_v2.0"
    assert one.name != two.name
    assert np.abs(scores(one, pictures(), PROMPTS) - scores(two, pictures(), PROMPTS)).max() > 1e-3
