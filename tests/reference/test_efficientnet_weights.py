"""The mapped weights do what ImageNet weights do."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image
from timm.data import ImageNetInfo

from components.evaluation.extractors.efficientnet import (
    EfficientNetLite0,
    load_efficientnet_lite0,
)
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.pixels import network_input

CPU = torch.device("cpu")


@pytest.mark.parametrize(("photo", "name"), [("china.jpg", "palace"), ("flower.jpg", "daisy")])
def test_a_photograph_is_recognised(photo: str, name: str) -> None:
    image = load_sample_image(photo)
    square = image[:, (image.shape[1] - image.shape[0]) // 2 :][:, : image.shape[0]]
    with torch.inference_mode():
        logits = load_efficientnet_lite0(classifier=True)(network_input(square[None], 224, CPU))
    assert ImageNetInfo().index_to_description(int(logits.argmax())) == name


@pytest.mark.parametrize(("photo", "name"), [("china.jpg", "palace"), ("flower.jpg", "daisy")])
def test_stored_features_are_enough_to_recognise_it(photo: str, name: str) -> None:
    image = load_sample_image(photo)
    square = image[:, (image.shape[1] - image.shape[0]) // 2 :][:, : image.shape[0]]
    probabilities = FeatureBank(CPU).features(square[None], "efficientnet_lite0", 224)
    best = int(probabilities.probabilities().argmax())
    assert ImageNetInfo().index_to_description(best) == name


def test_the_features_are_what_the_classifier_reads() -> None:
    image = load_sample_image("flower.jpg")[None, ::4, ::4]
    whole = load_efficientnet_lite0(classifier=True)
    with torch.inference_mode():
        expected = whole(network_input(image, 64, CPU)).numpy()
        features = torch.tensor(EfficientNetLite0(64, CPU)(image))
        logits = whole.get_classifier()(features).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-4)
