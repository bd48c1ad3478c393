"""What can be chosen in an experiment file: every name with one line and its source.

The names are the keys of the registries in `components.process`, `components.sampling` and
`components.generation`; a test holds them equal, so that this module needs no torch to know
what exists.
"""

from dataclasses import dataclass

from components.spec.metrics import METRICS, TAKEN


@dataclass(frozen=True)
class Entry:
    """One choice.

    Attributes:
        line: what it is.
        source: author and year.
        options: keys of the same section of the experiment file that only some choices read.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()


SCHEDULES: dict[str, Entry] = {
    "linear": Entry("β rises in equal steps from 1e-4 to 0.02", "Ho, Jain, Abbeel 2020"),
    "scaled_linear": Entry(
        "√β rises in equal steps, as in Stable Diffusion", "Rombach et al. 2022"
    ),
    "cosine": Entry("ᾱ falls as a squared cosine", "Nichol, Dhariwal 2021"),
    "sigmoid": Entry("ᾱ falls as a sigmoid", "Jabri, Fleet, Chen 2022"),
    "table": Entry("ᾱ as numbers in `process.table`", "yours", ("table",)),
    "rectified_flow": Entry("the straight path, α = 1 − t and σ = t", "Liu, Gong, Liu 2022"),
    "edm": Entry(
        "variance exploding, α = 1 and σ from 0.002 to 80",
        "Karras et al. 2022",
        ("sigma_min", "sigma_max"),
    ),
}

PREDICTIONS: dict[str, Entry] = {
    "eps": Entry("the noise ε", "Ho, Jain, Abbeel 2020"),
    "x0": Entry("the clean image x0", "Ho, Jain, Abbeel 2020"),
    "v": Entry("the velocity v = α ε − σ x0", "Salimans, Ho 2022"),
    "flow": Entry("the flow velocity ε − x0", "Liu, Gong, Liu 2022"),
    "edm": Entry("the preconditioned residual F", "Karras et al. 2022", ("sigma_data",)),
}

LOSS_WEIGHTS: dict[str, Entry] = {
    "uniform": Entry(
        "every time counts alike in the network's own target", "Ho, Jain, Abbeel 2020"
    ),
    "min_snr": Entry("min(SNR, γ) on x0", "Hang et al. 2023", ("snr_gamma",)),
    "p2": Entry("SNR/(1 + SNR) on x0: less weight on invisible noise", "Choi et al. 2022"),
    "edm": Entry("(σ² + σ_data²)/(σ σ_data)² on x0", "Karras et al. 2022"),
    "snr_trunc": Entry("max(SNR, 1) on x0", "Salimans, Ho 2022"),
}

TIME_SAMPLINGS: dict[str, Entry] = {
    "uniform": Entry("t uniform", "Ho, Jain, Abbeel 2020"),
    "low_discrepancy": Entry("t in equal strides from one random offset", "Kingma et al. 2021"),
    "logit_normal": Entry(
        "logit(t) normal: the middle of the path most often",
        "Esser et al. 2024",
        ("time_mean", "time_std"),
    ),
    "lognormal_sigma": Entry(
        "ln σ/α normal, mean −1.2 and deviation 1.2",
        "Karras et al. 2022",
        ("time_mean", "time_std"),
    ),
}

SOLVERS: dict[str, Entry] = {
    "ddim": Entry("implicit model; η adds noise", "Song, Meng, Ermon 2020", ("eta",)),
    "ddpm": Entry(
        "ancestral sampling, variance fixed small or large", "Ho, Jain, Abbeel 2020", ("variance",)
    ),
    "euler": Entry("Euler steps in σ/α, with churn", "Karras et al. 2022", ("churn",)),
    "euler_ancestral": Entry(
        "Euler to a lower level, then fresh noise", "Crowson 2022, k-diffusion"
    ),
    "heun": Entry("second-order Heun steps in σ/α, with churn", "Karras et al. 2022", ("churn",)),
    "dpmpp_2m": Entry("DPM-Solver++(2M), second-order multistep", "Lu et al. 2022"),
    "dpmpp_2m_sde": Entry("SDE-DPM-Solver++(2M), its stochastic form", "Lu et al. 2022"),
    "unipc": Entry("UniPC-2, a predictor and a corrector at no cost", "Zhao et al. 2023"),
    "rk45": Entry("Dormand–Prince with adaptive steps", "Song et al. 2021", ("tolerance",)),
    "langevin": Entry(
        "annealed Langevin dynamics",
        "Song, Ermon 2019",
        ("corrector_steps", "corrector_snr"),
    ),
    "predictor_corrector": Entry(
        "ancestral and Langevin steps in turn",
        "Song et al. 2021",
        ("corrector_steps", "corrector_snr"),
    ),
    "consistency": Entry("x0 at once, then noise again", "Song et al. 2023"),
}

GRIDS: dict[str, Entry] = {
    "trailing": Entry("equal steps in t from pure noise", "Lin et al. 2023"),
    "leading": Entry("equal steps in t from the table's first entry", "Song, Meng, Ermon 2020"),
    "linspace": Entry("equal steps in t from end to end", "Ho, Jain, Abbeel 2020"),
    "karras": Entry("equal steps in σ^(1/7)", "Karras et al. 2022"),
    "uniform_logsnr": Entry("equal steps in log-SNR", "Lu et al. 2022"),
}

GUIDANCE: dict[str, Entry] = {
    "cfg": Entry("weak + scale · (strong − weak)", "Ho, Salimans 2022", ("guidance_rescale",)),
    "apg": Entry("the part of the difference along x0 left out", "Sadat et al. 2024"),
    "cfgpp": Entry(
        "scale within [0, 1], the weak ε adds the noise, also at 1; ddim and Euler",
        "Chung et al. 2024",
    ),
}

GUIDES: dict[str, Entry] = {
    "unconditional": Entry(
        "the same network without condition, or a negative prompt", "Ho, Salimans 2022"
    ),
    "weaker": Entry("autoguidance: the model of the section `guide`", "Karras et al. 2024"),
}

EXTRACTORS: dict[str, Entry] = {
    "efficientnet_lite0": Entry(
        "ImageNet features of 1,280 numbers, from a package: the offline default",
        "Tan, Le 2019",
        ("size",),
    ),
    "inception": Entry(
        "FID's own network, with clean-fid's resize; needs its weights", "Szegedy et al. 2016"
    ),
    "dinov2": Entry("self-supervised ViT, by timm; needs its weights", "Oquab et al. 2023"),
    "clip:MODEL:WEIGHTS": Entry(
        "the image tower of an open_clip model; weights are a file or open_clip's name",
        "Radford et al. 2021",
    ),
}

FINETUNES: dict[str, Entry] = {
    "full": Entry("every weight, on another style of the data", "plain training"),
    "consistency": Entry(
        "consistency distillation into a sampler of 1 to 4 steps",
        "Song et al. 2023; Heek et al. 2024",
        ("teacher_steps", "teacher_guidance", "segments"),
    ),
}

CATALOGUE: dict[str, dict[str, Entry]] = {
    "schedules": SCHEDULES,
    "predictions": PREDICTIONS,
    "solvers": SOLVERS,
    "grids": GRIDS,
    "guidance": GUIDANCE,
    "guides": GUIDES,
    "loss-weights": LOSS_WEIGHTS,
    "time-samplings": TIME_SAMPLINGS,
    "finetunes": FINETUNES,
    "extractors": EXTRACTORS,
    "metrics": {name: Entry(METRICS[name].line, METRICS[name].source) for name in TAKEN},
}
"""What `alphabar list` shows, by topic."""
