"""Guidance by name: what is made of a strong and a weak prediction.

To add a kind: write its file, add its line here and in the spec.
"""

from components.process.prediction import Prediction
from components.process.schedules import Schedule
from components.sampling.denoiser import Denoise
from components.sampling.guidance import apg, cfg, cfgpp
from components.sampling.guidance.guidance import Guidance, Kind
from components.sampling.guidance.wrapper import guided
from components.sampling.network import Conditioned

GUIDANCE: dict[str, Kind] = {
    "cfg": Kind(cfg.cfg, cfg.alone),
    "apg": Kind(apg.apg, apg.alone),
    "cfgpp": Kind(cfgpp.cfgpp, cfgpp.alone),
}


def guided_denoiser(
    strong: Conditioned,
    weak: Conditioned | None,
    guidance: Guidance,
    schedule: Schedule,
    prediction: Prediction,
    *,
    clip: bool = False,
) -> Denoise:
    """The denoiser of ``strong`` under ``guidance``.

    Args:
        weak: the same network without condition or with another one, or a weaker network of
            the same process (autoguidance, Karras 2024); None where there is nothing to be
            guided by, as for an unconditional network.
    """
    kind = GUIDANCE[guidance.kind]
    return guided(strong, weak, kind, guidance, schedule, prediction, clip=clip)


__all__ = ["GUIDANCE", "Conditioned", "Guidance", "guided_denoiser"]
