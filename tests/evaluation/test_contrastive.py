import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from components.evaluation.contrastive import Pairs, contrastive_loss, train_projections
from components.spec.sections.evaluation import ScorerSpec

SPEC = ScorerSpec(steps=200, batch_size=32, embed_dim=8)


def made_up_pairs() -> Pairs:
    generator = np.random.default_rng(0)
    captions = generator.normal(size=(4, 12)).astype(np.float32)
    caption_of = generator.integers(0, 4, 80)
    images = captions[caption_of] @ generator.normal(size=(12, 20)) + 5.0
    return Pairs(images.astype(np.float32), captions, caption_of.astype(np.intp))


def test_the_same_seed_gives_the_same_projections_and_another_seed_others() -> None:
    first, again = (train_projections(made_up_pairs(), SPEC) for _ in range(2))
    other = train_projections(made_up_pairs(), SPEC.model_copy(update={"seed": 1}))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["text.proj.weight"], other["text.proj.weight"])


def test_training_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    train_projections(made_up_pairs(), SPEC)
    assert torch.equal(before, torch.random.get_rng_state())


def test_trained_projections_find_each_image_s_caption_from_raw_features() -> None:
    pairs = made_up_pairs()
    trained = train_projections(pairs, SPEC)
    images = torch.tensor(pairs.images) @ trained["visual.head.proj.weight"].T
    images = normalize(images + trained["visual.head.proj.bias"], dim=-1)
    captions = normalize(torch.tensor(pairs.captions) @ trained["text.proj.weight"].T, dim=-1)
    nearest = (images @ captions.T).argmax(dim=1)
    assert (nearest == torch.tensor(pairs.caption_of)).float().mean() > 0.95


def test_images_that_share_a_caption_are_no_rivals() -> None:
    captions = normalize(torch.eye(2), dim=-1)
    caption_of = torch.tensor([0, 0, 0, 1])
    loss = contrastive_loss(captions[caption_of], captions, caption_of, torch.tensor(100.0))
    # the best a caption with three images can do is to share its choice among them: log 3
    assert abs(loss.item() - np.log(3) / 4) < 1e-4


def minutes() -> Callable[[], float]:
    """A clock on which a minute passes between two looks."""
    counter = itertools.count()
    return lambda: 60.0 * next(counter)


def test_a_stopped_training_goes_on_from_its_resume_point_to_the_bytes_of_an_undisturbed_one(
    tmp_path: Path,
) -> None:
    def stop(done: int, total: int, note: str = "") -> None:
        if done == 100:
            raise RuntimeError("stopped")

    resume, went_on = tmp_path / "scorer.ckpt", list[int]()
    with pytest.raises(RuntimeError, match="stopped"):
        train_projections(made_up_pairs(), SPEC, stop, resume, minutes())
    resumed = train_projections(
        made_up_pairs(), SPEC, lambda done, total, note="": went_on.append(done), resume
    )
    whole = train_projections(made_up_pairs(), SPEC)
    assert went_on == [150, 200], "the first 100 steps are not trained again"
    assert {name: value.numpy().tobytes() for name, value in resumed.items()} == {
        name: value.numpy().tobytes() for name, value in whole.items()
    }


def test_a_training_that_is_over_within_a_minute_keeps_no_resume_point(tmp_path: Path) -> None:
    train_projections(made_up_pairs(), SPEC, resume=tmp_path / "scorer.ckpt", clock=lambda: 59.0)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_at_the_last_step() -> None:
    seen: list[tuple[int, int]] = []
    train_projections(
        made_up_pairs(), SPEC, lambda done, total, note="": seen.append((done, total))
    )
    assert seen[-1] == (200, 200)
