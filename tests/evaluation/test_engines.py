import copy
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from components.errors import AlphabarError
from components.evaluation.extractors import onnx_runtime
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.extractors.engine import TorchEngine, torch_name
from components.evaluation.extractors.folding import fold
from components.evaluation.extractors.onnx_runtime import (
    OnnxEngine,
    engine_name,
    lacking,
    slower_on,
)
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_files import ImageFiles
from components.evaluation.working import single_threaded, working

CPU = torch.device("cpu")
LITE = EfficientNetLite0.name


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (75, 12, 12, 3), dtype=np.uint8)


@pytest.fixture
def without_onnx(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which ONNX Runtime cannot be imported."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    onnx_runtime._runtime.cache_clear()
    yield
    monkeypatch.undo()
    onnx_runtime._runtime.cache_clear()


def test_the_cpu_computes_with_onnx_runtime_and_says_so(images: np.ndarray) -> None:
    extractor = EfficientNetLite0(32, CPU)
    assert extractor.engine.startswith("onnxruntime 1.")
    assert isinstance(extractor.reader.engine, OnnxEngine)
    assert extractor.reader.engine.name == extractor.engine
    assert (lacking(), slower_on(CPU)) == ("", [])


def test_an_extractor_with_its_engine_is_copied_and_pickled(images: np.ndarray) -> None:
    extractor = EfficientNetLite0(32, CPU)
    expected = extractor(images).tobytes()
    for other in (copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        assert other(images).tobytes() == expected


def test_a_gpu_computes_with_torch() -> None:
    assert engine_name(torch.device("cuda")) == torch_name()
    assert slower_on(torch.device("cuda")) == []


def test_features_depend_neither_on_threads_nor_on_neighbours(images: np.ndarray) -> None:
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(EfficientNetLite0(32, CPU)(images).tobytes())
    torch.set_num_threads(before)
    backwards = EfficientNetLite0(32, CPU)(np.ascontiguousarray(images[::-1]))[::-1]
    assert set(found) == {backwards.tobytes()}


@pytest.mark.usefixtures("without_onnx")
def test_torch_takes_its_place_with_equal_features_another_key_and_a_word(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = EfficientNetLite0(32, CPU)
    assert extractor.engine == torch_name()
    assert isinstance(extractor.reader.engine, TorchEngine)
    (said,) = slower_on(CPU)
    assert "onnxruntime" in said
    other = FeatureBank(CPU).features(images, LITE, 32)
    assert other.engine == torch_name()
    monkeypatch.undo()
    onnx_runtime._runtime.cache_clear()
    quick = FeatureBank(CPU).features(images, LITE, 32)
    assert quick.engine.startswith("onnxruntime")
    assert quick.key != other.key
    assert np.abs(quick.values - other.values).max() <= 1e-5 * np.abs(other.values).max()


def test_nothing_is_printed_and_heavy_packages_wait_until_there_are_images() -> None:
    program = """
import sys, numpy, torch
from components.evaluation.extractors.efficientnet import EfficientNetLite0
extractor = EfficientNetLite0(32, torch.device("cpu"))
assert not {"onnx", "onnxruntime"} & set(sys.modules), "imported early"
extractor(numpy.zeros((3, 8, 8, 3), numpy.uint8))
assert "onnxruntime" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "onnx" not in done.stderr.lower()


class _Odd(nn.Module):
    """A convolution that its normalisation does not read alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = self.conv(x)
        return self.norm(made) + made


class _Between(_Odd):
    """An activation writes into the convolution's output before the normalisation reads it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x).relu_())


@pytest.mark.parametrize("kind", [_Odd, _Between])
def test_what_cannot_be_folded_is_left(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    network = kind().eval()
    network.norm.running_mean.fill_(0.3)
    network.norm.running_var.fill_(4.0)
    probe = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        before = network(probe)
        assert fold(network, probe) == 0
        assert torch.equal(network(probe), before)


def test_files_give_the_bytes_of_the_array_and_several_sizes_keep_their_order(
    images: np.ndarray, tmp_path: Path
) -> None:
    for number, image in enumerate(images):
        Image.fromarray(image[: 12 - number % 3]).save(tmp_path / f"{number:03}.png")
    told: list[tuple[int, int]] = []
    bank = FeatureBank(CPU, progress=lambda done, total, note="": told.append((done, total)))
    found = bank.features(ImageFiles.in_folder(tmp_path), LITE, 32).values
    for cut in range(3):
        alone = EfficientNetLite0(32, CPU)(np.ascontiguousarray(images[cut::3, : 12 - cut]))
        assert found[cut::3].tobytes() == alone.tobytes()
    assert told[-1] == (75, 75)


def test_files_are_decoded_while_the_network_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second window is begun before the first one's features are all there."""
    from components.evaluation.images import image_files

    for number in range(6):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(image_files, "WINDOW", 3)
    decoded, begun = threading.Event(), image_files.whole_pixels

    def whole(path: Path) -> np.ndarray:
        if path.name == "3.png":
            decoded.set()
        return begun(path)

    monkeypatch.setattr(image_files, "whole_pixels", whole)
    bank = FeatureBank(CPU)
    extractor = bank.extractor(LITE, 32)
    prepare, waited = extractor.reader.prepare, []

    def prepared(batch: np.ndarray) -> torch.Tensor:
        waited.append(decoded.wait(30))  # features cannot come before the next window is begun
        return prepare(batch)

    object.__setattr__(extractor.reader, "prepare", prepared)
    bank.features(ImageFiles.in_folder(tmp_path), LITE, 32)
    assert waited
    assert all(waited)


def test_a_broken_file_ends_the_work_and_is_named(tmp_path: Path) -> None:
    for number in range(80):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number:03}.png")
    (tmp_path / "070.png").write_bytes(b"no image")
    before = threading.active_count()
    with pytest.raises(AlphabarError, match=r"070\.png"):
        FeatureBank(CPU).features(ImageFiles.in_folder(tmp_path), LITE, 32)
    assert threading.active_count() == before


def test_work_that_is_broken_off_drops_what_waits() -> None:
    done: list[int] = []

    def piece(number: int) -> None:
        time.sleep(0.01)
        done.append(number)

    def interrupted() -> None:
        with working(1) as pool:
            for number in range(1000):
                pool.submit(piece, number)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(done) < 1000


def test_a_worker_computes_alone_and_leaves_others_their_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with working(1, single_threaded()) as pool:
            assert pool.submit(torch.get_num_threads).result() == 1
        with working(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 3
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
