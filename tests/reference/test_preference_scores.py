"""PickScore and HPS v2 against transformers' own forward and the formulas of their authors.

The weights are seeded ones of a few kilobytes; all else is the chain that published weights go
through: tokenizer, preprocessing, towers, normalisation, scale.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from components.evaluation.preferences.hps import hps_input
from components.evaluation.preferences.model import build_preference
from components.evaluation.preferences.pickscore import PickScore
from components.evaluation.preferences.scores import scores
from tests.tiny_preference_models import (
    HPS_MODEL,
    PROMPTS,
    SIDE,
    know_tiny_hps,
    pictures,
    tiny_hps,
    tiny_pickscore,
)

CPU = torch.device("cpu")
LONG = ["a cat and a dog with a red star " * 20, *PROMPTS[1:]]


@pytest.fixture(scope="module")
def pickscore_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pickscore(tmp_path_factory.mktemp("pickscore"))


@pytest.fixture(scope="module")
def hps_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hps")
    know_tiny_hps(folder)
    return tiny_hps(folder / "HPS_v2.1_compressed.pt")


def of_transformers(folder: Path, prompts: list[str]) -> tuple[object, dict[str, Tensor]]:
    """The model and its inputs as PickScore's own page has them, but for the names."""
    from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

    model = CLIPModel.from_pretrained(folder).eval()
    seen = CLIPImageProcessorPil.from_pretrained(folder)(
        images=[Image.fromarray(each) for each in pictures()], return_tensors="pt"
    )
    read = CLIPTokenizer.from_pretrained(folder)(
        prompts, padding=True, truncation=True, max_length=77, return_tensors="pt"
    )
    return model, {**seen, **read}


@pytest.mark.parametrize("prompts", [PROMPTS, LONG], ids=["short", "cut"])
@torch.inference_mode()
def test_pickscore_is_what_transformers_gives_on_the_diagonal(
    pickscore_dir: Path, prompts: list[str]
) -> None:
    model, inputs = of_transformers(pickscore_dir, prompts)
    expected = model(**inputs).logits_per_image.diagonal()
    judge = build_preference(f"pickscore:{pickscore_dir}", CPU)
    found = scores(judge, pictures(), prompts)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-5)
    assert np.ptp(found) > 0.01


@torch.inference_mode()
def test_pickscore_is_its_authors_formula(pickscore_dir: Path) -> None:
    model, inputs = of_transformers(pickscore_dir, PROMPTS)
    image_embs = model.get_image_features(pixel_values=inputs["pixel_values"]).pooler_output
    image_embs = image_embs / torch.norm(image_embs, dim=-1, keepdim=True)
    words = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    text_embs = model.get_text_features(**words).pooler_output
    text_embs = text_embs / torch.norm(text_embs, dim=-1, keepdim=True)
    expected = model.logit_scale.exp() * (text_embs @ image_embs.T).diagonal()
    judge = build_preference(f"pickscore:{pickscore_dir}", CPU)
    np.testing.assert_allclose(scores(judge, pictures(), PROMPTS), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("old", [False, True])
def test_pickscores_published_preprocessing_is_open_clips_to_the_bit(
    pickscore_dir: Path, tmp_path: Path, old: bool
) -> None:
    """In the words of old and of newer configurations, of images whose crop is in the very middle:
    else transformers' begins half a pixel before the middle, and torchvision's behind it."""
    folder = shutil.copytree(pickscore_dir, tmp_path / "model")
    config = json.loads((folder / "preprocessor_config.json").read_text())
    if old:
        config |= {"size": SIDE, "crop_size": SIDE}
        for name in ("image_processor_type", "do_rescale", "rescale_factor", "do_convert_rgb"):
            del config[name]
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    judge = PickScore(f"pickscore:{folder}", CPU)
    transform = image_transform_v2(PreprocessCfg(size=SIDE), is_train=False)
    for image in map(Image.fromarray, pictures()[:, :40, :60]):
        assert torch.equal(judge.pixels(image), transform(image))


class Padded:
    """What the authors of HPS v2 do to an image, of torchvision's own transforms.

    A tensor in [0, 1] first; then the longest side by bicubic interpolation, then black around it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        mean, std = open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD
        self.normalize = v2.Normalize(mean, std)
        self.tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

    def __call__(self, image: Image.Image) -> Tensor:
        pixels = self.tensor(image)
        height, width = pixels.shape[-2:]
        longest = max(height, width)
        new = (round(height * self.size / longest), round(width * self.size / longest))
        small = v2.Resize(new, v2.InterpolationMode.BICUBIC, antialias=True)(pixels)
        canvas = torch.zeros(3, self.size, self.size)
        top, left = (self.size - new[0]) // 2, (self.size - new[1]) // 2
        canvas[:, top : top + new[0], left : left + new[1]] = small
        return self.normalize(canvas)


@pytest.mark.parametrize(
    "shape", [(45, 72), (72, 45), (40, 40), (32, 32), (32, 20), (9, 31), (1, 300), (16, 7)]
)
def test_an_image_comes_to_hps_as_torchvisions_transforms_bring_it(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    if shape == (1, 300):  # a strip of which nothing would be left
        assert hps_input(Image.fromarray(values), SIDE).shape == (3, SIDE, SIDE)
        return
    image = Image.fromarray(values)
    torch.testing.assert_close(
        hps_input(image, SIDE), torch.Tensor(Padded(SIDE)(image)), rtol=1e-5, atol=1e-5
    )


def test_hps_sees_black_around_a_wide_image() -> None:
    white = Image.fromarray(np.full((16, 32, 3), 255, np.uint8))
    seen = hps_input(white, SIDE)
    mean = torch.tensor(open_clip.OPENAI_DATASET_MEAN)
    std = torch.tensor(open_clip.OPENAI_DATASET_STD)
    for row, value in ((0, 0.0), (7, 0.0), (8, 1.0), (23, 1.0), (24, 0.0), (31, 0.0)):
        torch.testing.assert_close(seen[:, row, 5], (value - mean) / std)


@pytest.mark.parametrize("prompts", [PROMPTS, LONG], ids=["short", "cut"])
@torch.inference_mode()
def test_hps_is_the_cosine_of_open_clips_own_forward(hps_file: Path, prompts: list[str]) -> None:
    model = open_clip.create_model(HPS_MODEL, output_dict=True).eval()
    model.load_state_dict(torch.load(hps_file, weights_only=True)["state_dict"])
    pixels = torch.stack([torch.Tensor(Padded(SIDE)(Image.fromarray(i))) for i in pictures()])
    outputs = model(pixels, open_clip.get_tokenizer(HPS_MODEL)(prompts))
    expected = torch.diagonal(outputs["image_features"] @ outputs["text_features"].T)
    judge = build_preference(f"hps:{HPS_MODEL}:{hps_file}", CPU)
    found = scores(judge, pictures(), prompts)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert np.ptp(found) > 0.01
