"""Whether all rows of a batch stand at one time: then what follows from it is one number."""

from torch import Tensor


def is_one_time(t: Tensor) -> bool:
    """Whether ``t`` (batch,) is one number, expanded to all rows; nothing is compared."""
    return len(t) == 1 or (len(t) > 1 and t.stride(0) == 0)
