"""The reverse process: solvers, time grids, guidance and what guides."""

from collections.abc import Mapping
from typing import Any

from components.spec.catalogue.entries import SolverEntry
from components.spec.catalogue.guidance_entries import GridEntry, GuidanceEntry, GuideEntry
from components.spec.choices import Choices


def _heun(sampling: Mapping[str, Any]) -> int:
    """Two slopes a step; the last step, to the image, has one (Karras 2022, algorithm 1)."""
    return 2 * int(sampling["steps"]) - 1


def _langevin(sampling: Mapping[str, Any]) -> int:
    """Corrector steps at every level, then x0 once."""
    return int(sampling["steps"] * sampling.get("corrector_steps", 1)) + 1


def _predictor_corrector(sampling: Mapping[str, Any]) -> int:
    """A predictor step from every level, and corrector steps at every level but the image."""
    return int(sampling["steps"] + (sampling["steps"] - 1) * sampling.get("corrector_steps", 1))


def _rk45(sampling: Mapping[str, Any]) -> int:
    """One slope, and six a step. No step is longer than a sixth of the way, and their number
    grows as tolerance^(−1/5), the order being 5; the factor is what trained digits took."""
    growth: float = float(sampling.get("tolerance", 1e-3)) ** (-1 / 5)
    return 1 + 6 * (6 + round(1.7 * growth))


_SOLVERS = {
    "ddim": SolverEntry(
        "implicit model; η adds noise",
        "Song, Meng, Ermon 2020",
        ("eta", "end"),
        to_level=True,
        reversible=True,
        diffusers_order=1,
    ),
    "ddpm": SolverEntry(
        "ancestral sampling, variance fixed small or large",
        "Ho, Jain, Abbeel 2020",
        ("variance",),
        draws_noise=True,
    ),
    "euler": SolverEntry(
        "Euler steps in σ/α, with churn",
        "Karras et al. 2022",
        ("churn",),
        to_level=True,
        diffusers_order=1,
    ),
    "euler_ancestral": SolverEntry(
        "Euler to a lower level, then fresh noise",
        "Crowson 2022, k-diffusion",
        draws_noise=True,
        to_level=True,
    ),
    "heun": SolverEntry(
        "second-order Heun steps in σ/α, with churn",
        "Karras et al. 2022",
        ("churn",),
        calls=_heun,
    ),
    "dpmpp_2m": SolverEntry(
        "DPM-Solver++(2M), second-order multistep", "Lu et al. 2022", diffusers_order=2
    ),
    "dpmpp_2m_sde": SolverEntry(
        "SDE-DPM-Solver++(2M), its stochastic form", "Lu et al. 2022", draws_noise=True
    ),
    "unipc": SolverEntry("UniPC-2, a predictor and a corrector at no cost", "Zhao et al. 2023"),
    "rk45": SolverEntry(
        "Dormand–Prince with adaptive steps",
        "Song et al. 2021",
        ("tolerance",),
        calls=_rk45,
        adaptive=True,
    ),
    "langevin": SolverEntry(
        "annealed Langevin dynamics",
        "Song, Ermon 2019",
        ("corrector_steps", "corrector_snr"),
        calls=_langevin,
        draws_noise=True,
    ),
    "predictor_corrector": SolverEntry(
        "ancestral and Langevin steps in turn",
        "Song et al. 2021",
        ("corrector_steps", "corrector_snr"),
        calls=_predictor_corrector,
        draws_noise=True,
    ),
    "consistency": SolverEntry(
        "x0 at once, then noise again", "Song et al. 2023", draws_noise=True, distilled=True
    ),
}

SOLVERS = Choices("solvers", SolverEntry, _SOLVERS)

GRIDS: dict[str, GridEntry] = {
    "trailing": GridEntry("equal steps in t from pure noise", "Lin et al. 2023", exported=True),
    "leading": GridEntry(
        "equal steps in t from the table's first entry", "Song, Meng, Ermon 2020", ddim=True
    ),
    "linspace": GridEntry("equal steps in t from end to end", "Ho, Jain, Abbeel 2020"),
    "flow_match": GridEntry(
        "equal steps in t to the least share of noise, as diffusers' FlowMatchEuler",
        "Esser et al. 2024",
    ),
    "karras": GridEntry("equal steps in σ^(1/7)", "Karras et al. 2022"),
    "uniform_logsnr": GridEntry("equal steps in log-SNR", "Lu et al. 2022"),
}

GUIDANCE: dict[str, GuidanceEntry] = {
    "cfg": GuidanceEntry(
        "weak + scale · (strong − weak)",
        "Ho, Salimans 2022",
        lambda sampling: {1} if sampling.get("guidance_rescale") else {0, 1},
        ("guidance_rescale",),
        exported=True,
    ),
    "apg": GuidanceEntry(
        "the part of the difference along x0 left out", "Sadat et al. 2024", lambda _: {1}
    ),
    "cfgpp": GuidanceEntry(
        "scale within [0, 1], the weak ε adds the noise, also at 1; ddim and Euler",
        "Chung et al. 2024",
        lambda _: {0},
        most=1.0,
        usual=0.5,
        to_level=True,
    ),
}

GUIDES: dict[str, GuideEntry] = {
    "unconditional": GuideEntry(
        "the same network without condition, or a negative prompt",
        "Ho, Salimans 2022",
        ("negative_prompt",),
    ),
    "weaker": GuideEntry(
        "autoguidance: the model of the section `guide`",
        "Karras et al. 2024",
        another_model=True,
        card="Its figures need the weaker model in guide/ beside it (autoguidance).",
        left_behind="the weaker model that guides it",
    ),
}

OWN_GUIDE = next(name for name, guide in GUIDES.items() if not guide.another_model)
"""The guide that holds unless another is asked for: the model itself."""

GUIDED_BY_MODEL = next(name for name, guide in GUIDES.items() if guide.another_model)
"""The guide that holds where a model to be guided by is given."""


def guide_of(sampling: Mapping[str, Any]) -> GuideEntry:
    """The guide of a sampling section; the own one where it has none, or none that is known."""
    return GUIDES.get(str(sampling.get("guide")), GUIDES[OWN_GUIDE])


def reads_negative_prompt(sampling: Mapping[str, Any]) -> bool:
    """Whether a negative prompt changes what a model draws that is told classes or captions: not
    where another model guides it, and not at the scale at which its strong prediction is enough."""
    kind = GUIDANCE[sampling.get("guidance_kind", "cfg")]
    strong_alone = sampling.get("guidance", 1) == 1 and 1 in kind.alone(sampling)
    return not strong_alone and not guide_of(sampling).another_model
