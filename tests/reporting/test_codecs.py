from typing import Any

from components.figures.judgement import Judgement
from components.reporting.cells import History
from components.reporting.codecs import LearntCodec, judged_apart
from tests.figures.made import made

FD = "fd_efficientnet_lite0"
CONFIG = {
    "block_out_channels": [8, 16],
    "latent_channels": 4,
    "in_channels": 3,
    "scaling_factor": 0.5,
    "shift_factor": None,
}


def learnt(history: History | None = None, **protocol: Any) -> LearntCodec:
    judgement = Judgement({FD: made(FD, 10.0, 9.0, 11.0, **protocol)})
    return LearntCodec("", judgement, CONFIG, b"", history)


def test_a_codec_judged_at_another_size_than_its_samples_is_told_apart() -> None:
    codecs, samples = (
        (learnt(resize="antialias 64px"),),
        made(FD, 1.0, 0.9, 1.1, resize="antialias 32px"),
    )
    said = judged_apart(codecs, samples)
    assert "antialias 64px" in said
    assert "antialias 32px" in said
    assert judged_apart((learnt(resize="antialias 32px"),), samples) == ""
    assert judged_apart(codecs, None) == ""


def test_whose_measure_the_scale_of_latents_is() -> None:
    assert "deviation 2, as its own folder says" in learnt().words(16)
    history = History("codec", (1,), (0.5,), {})
    assert "deviation 2, measured on training images" in learnt(history).words(16)
