"""The CLIP extractor with a real open_clip model and seeded weights, against torchmetrics."""

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torchmetrics.multimodal import CLIPScore

from components.errors import AlphabarError
from components.evaluation.extractors.clip import OpenClip
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.metrics.clip_score import clip_score_estimate

CPU = torch.device("cpu")
MODEL = "ViT-S-32-alt"
CAPTIONS = [f"a drawing of {thing}" for thing in ("a cat", "a red heart", "rain", "a cat")]


class Adapter:
    """The same model as torchmetrics wants to call it, with open_clip's own preprocessing."""

    config = SimpleNamespace(text_config=SimpleNamespace(max_position_embeddings=77))

    def __init__(self, weights: Path) -> None:
        made = open_clip.create_model_and_transforms(MODEL, str(weights))
        self.model, _, self.transform = made
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer(MODEL)

    def to(self, device: torch.device) -> "Adapter":
        return self

    def __call__(self, **given: list) -> dict[str, Tensor]:
        if "images" in given:
            pictures = [Image.fromarray(i.permute(1, 2, 0).numpy()) for i in given["images"]]
            return {"pixel_values": torch.stack([self.transform(p) for p in pictures])}
        ids = self.tokenizer(given["text"])
        return {"input_ids": ids, "attention_mask": ids != 0}

    def get_image_features(self, pixels: Tensor) -> Tensor:
        return self.model.encode_image(pixels)

    def get_text_features(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.model.encode_text(ids)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 20, 30, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeded weights of a real architecture, turned so that the cosines are positive."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = open_clip.create_model(MODEL, None).eval()
    pixels = torch.zeros(1, 3, 224, 224)
    with torch.no_grad():
        seen = model.encode_image(pixels)[0]
        read = model.encode_text(open_clip.get_tokenizer(MODEL)(CAPTIONS[:1]))[0]
        model.text_projection.mul_((seen * read).sign())
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_file(model.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def bank(weights: Path) -> FeatureBank:
    return FeatureBank(CPU, weights=weights.parent)


@pytest.fixture(scope="module")
def adapter(weights: Path) -> Adapter:
    return Adapter(weights)


def test_image_features_are_open_clip_s(
    bank: FeatureBank, adapter: Adapter, images: np.ndarray
) -> None:
    found = bank.features(images, f"clip:{MODEL}:small.safetensors")
    pixels = adapter(images=[torch.from_numpy(i).permute(2, 0, 1) for i in images])
    with torch.inference_mode():
        expected = adapter.get_image_features(pixels["pixel_values"]).numpy()
    np.testing.assert_allclose(found.values, expected, rtol=1e-5, atol=1e-6)
    assert found.probabilities() is None
    ours = bank.clip(found.extractor).preprocessing
    assert asdict(ours) | {"size": (224, 224)} == adapter.model.visual.preprocess_cfg
    assert found.resize == "open_clip bicubic shortest 224px"


def test_the_clip_score_is_torchmetrics_with_the_same_model(
    bank: FeatureBank, adapter: Adapter, images: np.ndarray
) -> None:
    name = f"clip:{MODEL}:small.safetensors"
    seen, read = bank.features(images, name).values, bank.clip(name).encode_captions(CAPTIONS)
    metric = CLIPScore(model_name_or_path=lambda: (adapter, adapter))
    metric.update([torch.from_numpy(i).permute(2, 0, 1) for i in images], CAPTIONS)
    ours = clip_score_estimate(seen, read, 0.95).estimate.value
    assert 5 < ours < 99
    assert ours == pytest.approx(metric.compute().item(), rel=1e-5)


def test_equal_captions_have_equal_embeddings_in_their_own_places(bank: FeatureBank) -> None:
    clip = bank.clip(f"clip:{MODEL}:small.safetensors")
    together = clip.encode_captions(CAPTIONS)
    assert together.dtype == np.float32
    assert np.array_equal(together[0], together[3])
    for caption, row in zip(CAPTIONS, together, strict=True):
        np.testing.assert_allclose(clip.encode_captions([caption])[0], row, rtol=1e-4, atol=1e-5)


def test_a_file_may_be_given_by_its_whole_path(weights: Path, bank: FeatureBank) -> None:
    whole = OpenClip(f"clip:{MODEL}:{weights}", CPU)
    short = bank.clip(f"clip:{MODEL}:small.safetensors")
    assert whole.path.samefile(short.path)
    assert whole.weights_digest == short.weights_digest


@pytest.mark.parametrize(
    ("model", "tag"),
    [("ViT-B-32", "openai"), ("ViT-B-16-SigLIP", "webli"), ("MobileCLIP-S1", "datacompdr")],
)
def test_a_tag_that_is_not_on_disk_is_missing_weights(model: str, tag: str) -> None:
    with pytest.raises(AlphabarError, match="efficientnet_lite0") as caught:
        OpenClip(f"clip:{model}:{tag}", CPU)
    assert open_clip.get_pretrained_cfg(model, tag)["hf_hub"] in caught.value.what


@pytest.mark.parametrize(
    ("model", "tag", "quick"),
    [("ViT-B-32", "openai", True), ("ViT-B-32", "laion2b_s34b_b79k", False)],
)
def test_a_tag_brings_the_activation_that_its_weights_were_trained_with(
    model: str, tag: str, quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_clip, "download_pretrained", lambda config: tmp_path / "w")
    assert OpenClip(f"clip:{model}:{tag}", CPU).quick_gelu is quick


def test_quick_gelu_changes_the_features(weights: Path, images: np.ndarray) -> None:
    plain, quick = (OpenClip(f"clip:{MODEL}:{weights}", CPU) for _ in range(2))
    quick.quick_gelu = True
    assert np.abs(plain(images) - quick(images)).max() > 1e-3


def test_a_file_that_is_nowhere_is_missing_weights_with_the_places_and_the_tags(
    tmp_path: Path,
) -> None:
    with pytest.raises(AlphabarError, match="efficientnet_lite0") as caught:
        OpenClip("clip:ViT-B-32:gone.pt", CPU, tmp_path)
    for part in ("gone.pt", str(tmp_path), "openai", "laion2b_s34b_b79k"):
        assert part in caught.value.what


@pytest.mark.parametrize("name", ["clip", "clip:", "clip:ViT-B-32", "clip:no-such:openai"])
def test_a_name_without_model_or_weights_is_refused(bank: FeatureBank, name: str) -> None:
    with pytest.raises(AlphabarError, match="clip:MODEL:WEIGHTS"):
        bank.clip(name)


def test_weights_of_another_model_are_refused(weights: Path, images: np.ndarray) -> None:
    with pytest.raises(AlphabarError, match=r"cannot load its weights .*small\.safetensors"):
        OpenClip(f"clip:ViT-S-32:{weights}", CPU)(images)


def test_another_extractor_reads_no_captions(bank: FeatureBank) -> None:
    with pytest.raises(AlphabarError, match="reads no captions"):
        bank.clip("efficientnet_lite0")


@pytest.mark.parametrize(
    ("model", "mean", "mode"),
    [("ViT-B-32", 0.48145466, "shortest"), ("ViT-B-16-SigLIP", 0.5, "squash")],
)
def test_a_file_s_preprocessing_is_the_one_that_the_model_s_tags_share(
    model: str, mean: float, mode: str, tmp_path: Path
) -> None:
    (tmp_path / "w.safetensors").touch()
    found = OpenClip(f"clip:{model}:w.safetensors", CPU, tmp_path).preprocessing
    assert (found.mean[0], found.resize_mode, found.size) == (mean, mode, 224)


def test_captions_that_clips_own_tokenizer_cuts_are_counted(weights: Path) -> None:
    clip = OpenClip(f"clip:{MODEL}:{weights}", CPU)
    assert clip.context_length == 77
    assert clip.too_long(["cat " * 75, "cat " * 76, "a cat"]) == 1
