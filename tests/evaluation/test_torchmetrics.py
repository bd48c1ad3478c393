"""Our figures in a user's own loop: the judge's numbers, whatever the batches and processes."""

import pickle
import re
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchmetrics import Metric, MetricCollection
from torchmetrics.image.fid import FrechetInceptionDistance

from components.errors import AlphabarError
from components.evaluation import torchmetrics as ours
from components.evaluation.domain_clip import DomainClip
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judge import Judge
from components.evaluation.metrics.fd_infinity import fd_infinity
from components.evaluation.protocol import EvaluationProtocol
from components.evaluation.references import References
from components.evaluation.view import SEED
from components.figures.judgement import Judgement
from components.spec.metrics import families_of, metric_name

NAME = EfficientNetLite0.name
FD = metric_name("fd", NAME)
OF_TWO = (
    ours.FrechetDistance,
    ours.KernelDistance,
    ours.KernelDistanceOverSubsets,
    ours.Overlap,
    ours.InceptionScore,
    ours.VendiScore,
)


class Few:
    """The first 24 of our features, as an extractor."""

    name, size, resize, dimension = "few", 64, "none", 24

    def __init__(self, extractor: EfficientNetLite0) -> None:
        self.extractor, self.device = extractor, extractor.device
        self.weights_digest = extractor.weights_digest

    def __call__(self, images: np.ndarray, progress: object = None) -> np.ndarray:
        return self.extractor(images)[:, :24]

    def logits(self, features: np.ndarray) -> None:
        return None


@pytest.fixture(scope="module")
def images(digit_arrays: tuple[np.ndarray, Any, Any]) -> Tensor:
    """(260, 1, 8, 8) the first 140 stand for generated ones."""
    return torch.from_numpy(digit_arrays[0][:260]).permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def few(extractor: EfficientNetLite0) -> Few:
    return Few(extractor)


@pytest.fixture(scope="module")
def judged(images: Tensor) -> Judgement:
    array = images.permute(0, 2, 3, 1).numpy()
    real = ImageSet.bare(np.ascontiguousarray(array[140:]), "real")
    protocol = EvaluationProtocol((NAME,), 64, tuple(families_of("extractor")))
    judge = Judge(protocol, References(real, real), FeatureBank("cpu"))
    return judge.measure(ImageSet.bare(np.ascontiguousarray(array[:140]), "generated"), None)


def fed(metric: Any, images: Tensor, batch: int = 64) -> Any:
    for part in images[140:].split(batch):
        metric.update(part, real=True)
    for part in images[:140].split(batch):
        metric.update(part, real=False)
    return metric


def plain(found: dict[str, Tensor]) -> dict[str, float]:
    return {name: float(value) for name, value in found.items()}


def ends(judged: Judgement, name: str) -> list[float]:
    record = judged.figures[name]
    return [record.value, record.low, record.high]


@pytest.mark.parametrize("batch", [37, 140])
def test_every_metric_gives_the_judge_s_figure_and_interval(
    images: Tensor, judged: Judgement, extractor: EfficientNetLite0, batch: int
) -> None:
    kinds = [*OF_TWO, ours.Authenticity]
    together = MetricCollection({kind.__name__: kind(extractor) for kind in kinds})
    found = fed(together, images, batch).compute()
    figures = [name for name in found if not name.endswith(("_low", "_high"))]
    assert set(figures) == set(judged.figures)
    for name in figures:
        mine = [float(found[f"{name}{end}"]) for end in ("", "_low", "_high")]
        assert mine == pytest.approx(ends(judged, name), rel=1e-5, abs=1e-7)


def test_a_collection_extracts_features_once(images: Tensor, extractor: EfficientNetLite0) -> None:
    together = MetricCollection([ours.FrechetDistance(extractor), ours.VendiScore(extractor)])
    fed(together, images)
    (members,) = together.compute_groups.values()
    assert sorted(members) == ["FrechetDistance", "VendiScore"]
    other = EfficientNetLite0(32, torch.device("cpu"))
    apart = MetricCollection({"a": ours.KernelDistance(extractor), "b": ours.Overlap(other)})
    fed(apart, images)
    assert len(apart.compute_groups) == 2


def test_a_batch_alone_is_compared_with_the_real_images_that_are_kept(
    images: Tensor, few: Few
) -> None:
    for kind in (ours.KernelDistance, ours.MomentFrechetDistance):
        metric = kind(few, reset_real_features=False)
        metric.update(images[140:170], real=True)
        alone = kind(few)
        for part in images[:40].split(20):
            alone.update(images[140:170], real=True)
            alone.update(part)
            assert metric(part) == alone.compute()
            alone.reset()
        alone.update(images[140:170], real=True)
        alone.update(images[:40])
        expected = alone.compute()
        assert plain(metric.compute()) == pytest.approx(plain(expected))


def test_moments_alone_give_the_distance_whatever_the_batches(
    images: Tensor, judged: Judgement, extractor: EfficientNetLite0
) -> None:
    metric = fed(ours.MomentFrechetDistance(extractor), images, 29)
    assert float(metric.compute()[FD]) == pytest.approx(judged.figures[FD].value, rel=1e-6)
    assert metric.real.shape == (EfficientNetLite0.dimension + 1,) * 2


class Network(nn.Module):
    """The same, as torchmetrics' FID takes a network of one's own."""

    num_features = 24

    def __init__(self, few: Few) -> None:
        super().__init__()
        self.few = few

    def forward(self, images: Tensor) -> Tensor:
        return torch.from_numpy(self.few(images.permute(0, 2, 3, 1).contiguous().numpy()))


def test_the_distance_is_torchmetrics_own_on_the_same_features(images: Tensor, few: Few) -> None:
    theirs = FrechetInceptionDistance(Network(few)).set_dtype(torch.float64)
    expected = float(fed(theirs, images).compute())
    for kind in (ours.FrechetDistance, ours.MomentFrechetDistance):
        found = float(fed(kind(few), images).compute()["fd_few"])
        assert found == pytest.approx(expected, rel=1e-5)


def test_it_is_extrapolated_as_the_judge_does(images: Tensor, few: Few) -> None:
    found = fed(ours.FrechetDistanceInfinity(few), images).compute()
    array = images.permute(0, 2, 3, 1).numpy()
    expected = fd_infinity(few(array[:140]), few(array[140:]), ours.CONFIDENCE, SEED).estimate
    mine = [float(found[f"fd_infinity_few{end}"]) for end in ("", "_low", "_high")]
    assert mine == pytest.approx([expected.value, expected.low, expected.high], rel=1e-4)


def test_reset_forgets_all_or_keeps_the_real_images(images: Tensor, few: Few) -> None:
    for kind in (ours.FrechetDistance, ours.MomentFrechetDistance):
        metric = fed(kind(few, reset_real_features=False), images)
        first = metric.compute()
        metric.reset()
        metric.update(images[:140])
        again = metric.compute()
        assert float(again["fd_few"]) == pytest.approx(float(first["fd_few"]), rel=1e-6)
        forgetful = fed(kind(few), images)
        forgetful.reset()
        with pytest.raises(AlphabarError, match="images"):
            forgetful.compute()


@pytest.mark.parametrize("kind", [ours.KernelDistance, ours.MomentFrechetDistance])
def test_it_pickles_and_its_state_is_saved_and_loaded(
    images: Tensor, few: Few, kind: type[Metric]
) -> None:
    metric = fed(kind(few), images)
    metric.persistent(True)
    expected = metric.compute()
    copy = pickle.loads(pickle.dumps(metric))
    fresh = kind(few)
    fresh.load_state_dict(metric.state_dict())
    for other in (copy, fresh, metric.to(torch.device("cpu"))):
        other._computed = None
        assert other.compute() == expected


def test_it_says_which_way_is_better_and_refuses_images_that_are_none(
    extractor: EfficientNetLite0,
) -> None:
    assert ours.FrechetDistance.higher_is_better is False
    assert ours.Overlap.higher_is_better is True
    assert ours.Authenticity.higher_is_better is True
    for wrong in (torch.zeros(4, 3, 8, 8), torch.zeros(8, 8, dtype=torch.uint8)):
        with pytest.raises(AlphabarError, match="cannot be evaluated"):
            ours.VendiScore(extractor).update(wrong)


def test_the_clip_score_is_the_judge_s_and_keeps_one_number_an_image(
    clip: DomainClip, digit_arrays: tuple[np.ndarray, Any, list[str]], judged_by: Judge
) -> None:
    array, classes, captions = (part[:120] for part in digit_arrays)
    expected = judged_by.measure(ImageSet(array, classes, captions, "x"), None)
    metric = ours.CLIPScore(clip)
    for rows in np.array_split(np.arange(120), 4):
        batch = torch.from_numpy(array[rows]).permute(0, 3, 1, 2)
        metric.update(batch, [captions[row] for row in rows])
    found = metric.compute()
    name = "clip_score_domain"
    mine = [float(found[f"{name}{end}"]) for end in ("", "_low", "_high")]
    assert mine == pytest.approx(ends(expected, name), rel=1e-5)
    assert [each.shape for each in metric.cosines] == [(30,)] * 4
    assert float(pickle.loads(pickle.dumps(metric)).compute()[name]) == float(found[name])


@pytest.fixture
def judged_by(digits: Path, scorer_dir: Path, evaluation_spec: dict[str, Any]) -> Judge:
    return Judge.of_data(digits, scorer_dir, evaluation_spec, FeatureBank("cpu")).only(
        ("clip_score",)
    )


def test_the_readme_s_lightning_module_logs_the_judge_s_figures(
    images: Tensor, judged: Judgement, tmp_path: Path
) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names: dict[str, Any] = {}
    exec(next(b for b in blocks if "MetricCollection" in b), names)  # noqa: S102 - what is tested
    generated = list(images[:140].split(70))
    module = names["Diffusion"]()
    module.sample = lambda n: generated.pop(0)
    trainer = pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    real = DataLoader(images[140:], batch_size=60)  # type: ignore[arg-type]
    (logged,) = trainer.validate(module, real, verbose=False)
    for name in (FD, metric_name("vendi", NAME)):
        mine = [logged[f"{name}{end}"] for end in ("", "_low", "_high")]
        assert mine == pytest.approx(ends(judged, name), rel=1e-5)


def of_a_process(rank: int, images: Tensor, folder: Path) -> list[dict[str, float]]:
    """What one of two processes finds: each sees some generated images, one all real ones."""
    meeting = f"file://{folder / 'meeting'}"
    limit = timedelta(seconds=300)
    torch.distributed.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=2, timeout=limit
    )
    extractor, found = EfficientNetLite0(64, torch.device("cpu")), []
    for kind in (ours.FrechetDistance, ours.KernelDistance, ours.MomentFrechetDistance):
        metric = kind(extractor)
        if rank == 1:
            metric.update(images[140:], real=True)
        metric.update(images[[slice(90), slice(90, 140)][rank]])
        found.append(plain(metric.compute()))
    torch.distributed.destroy_process_group()
    torch.save(found, folder / f"{rank}.pt")
    return found


def test_two_processes_give_what_one_gives(
    images: Tensor, judged: Judgement, tmp_path: Path
) -> None:
    other = get_context("spawn").Process(target=of_a_process, args=(1, images, tmp_path))
    other.start()
    found = of_a_process(0, images, tmp_path)
    other.join()
    assert other.exitcode == 0
    assert torch.load(tmp_path / "1.pt") == found
    for figure, family in zip(found, ("fd", "kd", "fd"), strict=True):
        expected = ends(judged, metric_name(family, NAME))[: len(figure)]
        assert list(figure.values()) == pytest.approx(expected, rel=1e-5)
