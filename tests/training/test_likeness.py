"""PSNR and SSIM of each image, whatever they are taken beside."""

import numpy as np
import pytest
import torch

from components.training import likeness as module
from components.training.likeness import likeness, likeness_of_each


@pytest.mark.parametrize("shape", [(4, 4, 1), (8, 8, 1), (32, 32, 3)])
def test_parts_of_a_set_give_what_the_whole_gives(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (70, *shape), dtype=np.uint8)
    found = np.clip(images + draw.normal(0, 20, images.shape), 0, 255).astype(np.uint8)
    ours, theirs = (torch.from_numpy(x).permute(0, 3, 1, 2).float() for x in (found, images))
    whole = {name: of_each(ours, theirs) for name, of_each in likeness(theirs).items()}
    sizes: list[int] = []
    floats = module._floats
    monkeypatch.setattr(module, "_AT_ONCE", 16)
    monkeypatch.setattr(module, "_floats", lambda x: sizes.append(len(x)) or floats(x))
    parts = likeness_of_each(found, images)
    assert parts.keys() == whole.keys()
    for name, values in parts.items():
        np.testing.assert_allclose(values, whole[name].numpy(), rtol=1e-5)
    assert max(sizes) == 16
