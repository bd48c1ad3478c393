"""What two times of the grid say about x between them, for any α and σ."""

from torch import Tensor

from components.sampling.times import Times


def forward_step(times: Times, i: int) -> tuple[float, float]:
    """(α_ts, σ_ts²) of the forward step q(x_t | x_s) = N(α_ts x_s, σ_ts² I) that the solver's
    i-th step undoes (Kingma 2021, eq. 22–26).

    t is the grid's i-th time, s the next one.
    """
    alpha_ts = float(times.alpha[i] / times.alpha[i + 1])
    return alpha_ts, float(times.sigma[i] ** 2 - alpha_ts**2 * times.sigma[i + 1] ** 2)


def posterior_variance(times: Times, i: int) -> float:
    """Variance of q(x_s | x_t, x0), σ_ts² σ_s²/σ_t² (Ho 2020, eq. 7); 0 where s is clean."""
    _, var_ts = forward_step(times, i)
    return var_ts * float(times.sigma[i + 1] / times.sigma[i]) ** 2


def posterior_mean(times: Times, i: int, x_t: Tensor, x0: Tensor) -> Tensor:
    """Mean of q(x_s | x_t, x0), α_ts σ_s²/σ_t² x_t + α_s σ_ts²/σ_t² x0 (Ho 2020, eq. 7)."""
    alpha_ts, var_ts = forward_step(times, i)
    var_t, var_s = float(times.sigma[i]) ** 2, float(times.sigma[i + 1]) ** 2
    return (alpha_ts * var_s / var_t) * x_t + (float(times.alpha[i + 1]) * var_ts / var_t) * x0
