import os
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file

from components.data.arrays import load_split
from components.errors import AlphabarError
from components.evaluation.captions import CaptionView, Domain
from components.evaluation.domain_clip import (
    FILE_NAME,
    TRAINED,
    ClipConfig,
    DomainClip,
    distinct_captions,
    load_scorer,
)
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.families import MEASURES
from components.evaluation.features.feature_bank import FeatureBank

CPU = torch.device("cpu")


def test_the_scorer_is_an_open_clip_model(clip: DomainClip) -> None:
    assert isinstance(clip.model, open_clip.CustomTextCLIP)
    assert not clip.model.training


def test_projected_features_are_what_the_image_tower_gives(
    clip: DomainClip, extractor: EfficientNetLite0, digits: Path
) -> None:
    images = load_split(digits, "holdout").images[:60]
    direct, projected = clip(images), clip.project_features(extractor(images))
    np.testing.assert_allclose(projected, direct, atol=1e-5)


def test_embeddings_have_unit_length(clip: DomainClip, digits: Path) -> None:
    images = clip(load_split(digits, "holdout").images[:5])
    captions = clip.encode_captions(["a handwritten one", "a handwritten two"])
    for rows in (images, captions):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_a_caption_is_encoded_alike_beside_longer_ones(clip: DomainClip) -> None:
    short, long = "a one", "a very long caption " * 12
    beside = clip.encode_captions([long, short, short])
    np.testing.assert_allclose(beside[1], clip.encode_captions([short])[0], atol=1e-5)
    np.testing.assert_array_equal(beside[1], beside[2])


def test_caption_features_projected_are_the_text_tower_s_output(clip: DomainClip) -> None:
    captions = ["a handwritten one", "two"]
    with torch.inference_mode():
        projected = clip.model.text.proj(torch.tensor(clip.caption_features(captions)))
    unit = torch.nn.functional.normalize(projected, dim=-1).numpy()
    np.testing.assert_allclose(unit, clip.encode_captions(captions), atol=1e-5)


def test_only_the_trained_part_is_saved(scorer_dir: Path) -> None:
    assert set(load_file(scorer_dir / FILE_NAME)) == set(TRAINED)
    assert (scorer_dir / FILE_NAME).stat().st_size < 2**20


def test_saving_what_was_loaded_gives_the_same_bytes(
    clip: DomainClip, scorer_dir: Path, tmp_path: Path
) -> None:
    clip.save(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == (scorer_dir / FILE_NAME).read_bytes()


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    DomainClip(ClipConfig(16, 32), CPU)
    assert torch.equal(before, torch.random.get_rng_state())


def test_loading_encoding_and_forking_say_nothing(
    scorer_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    load_scorer(scorer_dir).encode_captions([f"caption {k}" for k in range(70)])
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert capfd.readouterr() == ("", "")


def test_a_missing_scorer_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="there is no scorer"):
        load_scorer(tmp_path)


def test_a_scorer_that_is_cut_short_is_refused(scorer_dir: Path, tmp_path: Path) -> None:
    whole = (scorer_dir / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AlphabarError, match="not a whole alphabar scorer"):
        load_scorer(tmp_path)


def test_a_file_of_other_shapes_is_refused(tmp_path: Path) -> None:
    config = '{"embed_dim": 16, "size": 32, "context_length": 77}'
    save_file(
        {name: torch.zeros(3) for name in TRAINED}, tmp_path / FILE_NAME, {"alphabar": config}
    )
    with pytest.raises(AlphabarError, match="has shape"):
        load_scorer(tmp_path)


def test_distinct_captions_are_sorted_and_found_again() -> None:
    distinct, index = distinct_captions(["b", "a", "b"])
    assert (distinct, index.tolist()) == (["a", "b"], [1, 0, 1])


def test_captions_of_any_length_up_to_the_encoders_are_read_whole(scorer_dir: Path) -> None:
    clip = load_scorer(scorer_dir)
    many = "one two three four five six seven eight nine ten " * 12
    pair = [f"{many} red", f"{many} blue"]
    assert clip.too_long(pair) == 0
    first, second = clip.encode_captions(pair)
    assert not np.array_equal(first, second)
    assert clip.too_long([many * 3, "a cat", many * 4]) == 2


def test_a_figure_of_cut_captions_says_how_many_and_where(scorer_dir: Path, tmp_path: Path) -> None:
    bank = FeatureBank(torch.device("cpu"), tmp_path)
    many = "word " * 300
    images = np.zeros((3, 8, 8, 1), np.uint8)
    view = CaptionView.of(Domain(scorer_dir, bank), images, ["a", many, many], 0.95)
    finding = MEASURES["clip_score"](view)
    assert finding.settings == {"captions_cut": 1, "captions_cut_at": 256}
    assert MEASURES["r_precision"](view.rows(*[np.arange(2)] * 2)).settings["captions_cut"] == 1
    whole = CaptionView.of(Domain(scorer_dir, bank), images, ["a", "b", "b"], 0.95)
    assert MEASURES["clip_score"](whole).settings == {}


def test_captions_are_tokenized_as_they_are_read(
    clip: DomainClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    tokenizer = clip._tokenizer
    monkeypatch.setattr(clip, "_tokenizer", lambda text: read.append(text) or tokenizer(text))
    batches = clip.tokens([f"caption {number}" for number in range(1000)])
    assert not read
    assert len(next(batches)) == len(read) < 1000
