"""What a training takes: how long a step lasts, and how much memory there is in use at most.

Memory is the GPU's where one computes: the most that this process has had allocated there. Else it
is the process's, the most that was resident: Python, its libraries and the data are in it, and
what earlier stages in the same process have left.
"""

import re
import resource
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS_A_STEP = "seconds_a_step"
COMPILE_SECONDS = "compile_seconds"
"""Of the costs: what the steps took in which the network was compiled, where it was."""

STEP_MEMORY, PEAK_MEMORY = "step_memory_bytes", "peak_memory_bytes"
MEMORY = "memory"
"""Of the costs: whose memory it is, `GPU` or `PROCESS`."""

GPU, PROCESS = "GPU", "process"
RECENT = 1001
"""Latest steps whose times are kept; the median of them is told."""

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class Meter:
    """Measures steps from `begins` to `ends`; what lies between two steps, such as an evaluation,
    counts for the peak alone.

    Args:
        device: ``cuda``, or another type of device, whose memory the process's is taken for.
        clock: seconds that only go forward.
        compiled: how much has been compiled in this process. The steps in which that grows are
            told apart.
    """

    def __init__(
        self,
        device: str,
        clock: Callable[[], float] = time.perf_counter,
        compiled: Callable[[], int] = lambda: 0,
    ) -> None:
        self._later = device == "cuda"
        self._memory = _OfGPU() if self._later else _OfProcess()
        self._clock, self._since = clock, clock()
        self._compiled, self._known, self._compiling = compiled, compiled(), 0.0
        self._open: list[float] = []
        self._seconds: deque[float] = deque(maxlen=RECENT)
        self._in_steps = self._at_all = 0
        self._memory.forget()

    def begins(self) -> None:
        """A step begins now."""
        self._at_all = max(self._at_all, self._memory.most())
        self._memory.forget()
        self._since = self._clock()

    def ends(self, waited: bool = True) -> None:
        """The step is done; on a GPU only where somebody has ``waited`` for it, and the steps until
        then have their mean each."""
        seconds, known = self._clock() - self._since, self._compiled()
        if known == self._known:
            self._open.append(seconds)
        else:
            self._known, self._compiling = known, self._compiling + seconds
        if self._open and (waited or not self._later):
            self._seconds.extend([statistics.fmean(self._open)] * len(self._open))
            self._open.clear()
        self._in_steps = max(self._in_steps, self._memory.most())

    def costs(self) -> dict[str, Any]:
        """What a manifest holds of it; empty where no step was measured."""
        if not self._in_steps:
            return {}
        found = {COMPILE_SECONDS: round(self._compiling, 3)} if self._compiling else {}
        if self._seconds:
            found[SECONDS_A_STEP] = float(f"{statistics.median(self._seconds):.4g}")
        return {
            **found,
            STEP_MEMORY: self._in_steps,
            PEAK_MEMORY: max(self._at_all, self._in_steps, self._memory.most()),
            MEMORY: self._memory.name,
        }

    def state(self) -> dict[str, Any]:
        """What a resume point keeps, so that a resumed run tells of its earlier steps too."""
        return {
            "seconds": list(self._seconds),
            "memory": [self._in_steps, self._at_all],
            "compiling": self._compiling,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """The reverse of `state`."""
        self._seconds.extend(state["seconds"])
        self._in_steps, self._at_all = state["memory"]
        self._compiling = state.get("compiling", 0.0)


class _OfGPU:
    """The bytes that this process has had allocated on the GPU."""

    name = GPU

    def most(self) -> int:
        import torch

        return int(torch.cuda.max_memory_allocated())

    def forget(self) -> None:
        import torch

        torch.cuda.reset_peak_memory_stats()


class _OfProcess:
    """The bytes of this process that were resident; where the system forgets no peak, as macOS,
    the most since the process began."""

    name = PROCESS

    def most(self) -> int:
        if found := _PEAK.search(_STATUS.read_text()) if _STATUS.is_file() else None:
            return int(found[1]) * 1024
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024

    def forget(self) -> None:
        try:
            _CLEAR.write_text("5")  # Linux: the peak is what is resident now (proc(5))
        except OSError:
            return
