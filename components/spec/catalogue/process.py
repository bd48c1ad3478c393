"""The forward process: schedules, predictions, loss weights, times to train at."""

from components.spec.catalogue.entries import Entry, PredictionEntry, ScheduleEntry, TimesEntry
from components.spec.choices import Choices

_SCHEDULES = {
    "linear": ScheduleEntry("β rises in equal steps from 1e-4 to 0.02", "Ho, Jain, Abbeel 2020"),
    "scaled_linear": ScheduleEntry(
        "√β rises in equal steps, as in Stable Diffusion", "Rombach et al. 2022"
    ),
    "cosine": ScheduleEntry("ᾱ falls as a squared cosine", "Nichol, Dhariwal 2021"),
    "sigmoid": ScheduleEntry("ᾱ falls as a sigmoid", "Jabri, Fleet, Chen 2022"),
    "table": ScheduleEntry(
        "ᾱ as numbers in `process.table`", "yours", ("table",), needs=("table",)
    ),
    "rectified_flow": ScheduleEntry(
        "the straight path, α = 1 − t and σ = t",
        "Liu, Gong, Liu 2022",
        not_rescaled="has it",
        ends_at_zero=True,
    ),
    "edm": ScheduleEntry(
        "variance exploding, α = 1 and σ from 0.002 to 80",
        "Karras et al. 2022",
        ("sigma_min", "sigma_max"),
        not_rescaled="cannot have it: its α is 1",
    ),
}

SCHEDULES = Choices("schedules", ScheduleEntry, _SCHEDULES)

PREDICTIONS: dict[str, PredictionEntry] = {
    "eps": PredictionEntry(
        "the noise ε", "Ho, Jain, Abbeel 2020", needs_signal=True, diffusers="epsilon"
    ),
    "x0": PredictionEntry("the clean image x0", "Ho, Jain, Abbeel 2020", diffusers="sample"),
    "v": PredictionEntry(
        "the velocity v = α ε − σ x0", "Salimans, Ho 2022", diffusers="v_prediction"
    ),
    "flow": PredictionEntry("the flow velocity ε − x0", "Liu, Gong, Liu 2022"),
    "edm": PredictionEntry("the preconditioned residual F", "Karras et al. 2022", ("sigma_data",)),
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

TIME_SAMPLINGS: dict[str, TimesEntry] = {
    "uniform": TimesEntry("t uniform", "Ho, Jain, Abbeel 2020"),
    "low_discrepancy": TimesEntry(
        "t in equal strides from one random offset", "Kingma et al. 2021"
    ),
    "logit_normal": TimesEntry(
        "logit(t) normal: the middle of the path most often",
        "Esser et al. 2024",
        ("time_mean", "time_std"),
        normal=(0.0, 1.0),
    ),
    "lognormal_sigma": TimesEntry(
        "ln σ/α normal, mean −1.2 and deviation 1.2",
        "Karras et al. 2022",
        ("time_mean", "time_std"),
        normal=(-1.2, 1.2),
    ),
}
