"""How images were sampled, in words."""

import math

from components.reporting.words.naming import phrase
from components.spec.sections.sampling import SamplingSpec

ALWAYS = ("solver", "steps")
"""Settings that are told even where they are the defaults."""


def sampling_words(sampling: SamplingSpec) -> str:
    """The settings that make a difference: ``heun, 3 steps, guidance 3, guide weaker``."""
    usual, values = SamplingSpec().model_dump(), sampling.model_dump()
    told = [
        *ALWAYS,
        *(key for key in values if key not in ALWAYS and values[key] != usual.get(key)),
    ]
    return ", ".join(phrase(f"sampling.{key}", values[key]) for key in told)


def decibels(psnr: float) -> str:
    """A peak signal-to-noise ratio."""
    return f"PSNR {psnr:.1f} dB" if math.isfinite(psnr) else "every pixel equal"
