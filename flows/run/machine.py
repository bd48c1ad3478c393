"""What this machine computes with, found out without loading torch."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from components.spec.experiment import RunnerSpec
from components.spec.plan import Compute
from components.store import processor

CGROUP = Path("/sys/fs/cgroup")


def resolved(runner: RunnerSpec) -> Compute:
    """What stages compute with here: what the runner section says, or else what there is."""
    threads = runner.threads or max(1, cores() // runner.workers)
    return Compute(threads, accelerator() if runner.accelerator == "auto" else runner.accelerator)


def cores(cgroup: Path = CGROUP) -> int:
    """The cores that this process may use: those it is bound to, and no more than a container's
    share of processor time comes to (cgroup v2 cpu.max, v1 cpu.cfs_quota_us)."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(bound or 1, _share(cgroup) or bound or 1))


def accelerator() -> str:
    """``gpu``, ``mps`` or ``cpu``: what torch would find, by its build and the drivers' devices.

    Where a driver is there and torch cannot use it after all, the stage says so and runs nothing.
    """
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "mps"
    return "gpu" if _torch_is_built_for_gpus() and _has_gpu() else "cpu"


def described(accelerator: str) -> dict[str, Any]:
    """What speed depends on of this machine: the processor's model, the cores that may be used,
    and the GPU's name where it is what computes."""
    gpu = {"gpu": gpu_name()} if accelerator == "gpu" else {}
    return {"processor": processor(), "cores": cores(), **gpu}


@cache
def gpu_name(driver: Path = Path("/proc/driver/nvidia/gpus")) -> str:
    """What the driver calls the first GPU; empty where it does not say."""
    for information in sorted(driver.glob("*/information")):
        if named := re.search(r"^Model:\s*(.+)$", information.read_text(errors="replace"), re.M):
            return named[1].strip()
    if (asked := shutil.which("nvidia-smi")) is None:
        return ""
    command = [asked, "--query-gpu=name", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip().partition("\n")[0] if found.returncode == 0 else ""


def cpp_compiler() -> str | None:
    """The C++ compiler that torch.compile would call, as it looks for it; None without one."""
    words = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++").split()
    return shutil.which(words[0]) if words else None


def _has_gpu() -> bool:
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip()
    if hidden in ("", "-1", "NoDevFiles"):
        return False
    return any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists()


def _torch_is_built_for_gpus() -> bool:
    """From torch's own version file: wheels for processors only have ``cuda = None`` there."""
    found = importlib.util.find_spec("torch")
    version = Path(found.origin).with_name("version.py") if found and found.origin else None
    if version is None or not version.is_file():
        return False
    return bool(re.search(r"^cuda\b[^=]*=\s*['\"]", version.read_text(), re.MULTILINE))


def _share(cgroup: Path) -> int | None:
    """The whole cores that a control group's processor time comes to; None without a limit."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    limited = quota.isdigit() and period.isdigit() and int(period) > 0
    return max(1, int(quota) // int(period)) if limited else None
