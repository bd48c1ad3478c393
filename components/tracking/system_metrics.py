"""What the machine does while a model trains, under the names of MLflow's own page for it."""

import contextlib
import math
import time
from collections.abc import Mapping

import psutil
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.system_metrics.metrics.base_metrics_monitor import BaseMetricsMonitor
from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor

from components.tracking.fields import log_metrics

PREFIX = "system/"
"""By which MLflow tells these from a model's metrics, and has a page of their own for them."""

psutil.cpu_percent()  # what is asked for next is the share since now


def log_system_metrics(client: MlflowClient, run_id: str) -> None:
    """One point of each: share of the processors, memory, and those of GPUs where `nvidia-ml-py` is
    installed. They are the whole machine's. The step is the seconds since the run began."""
    now = int(1000 * time.time())
    seconds = max(0, now - client.get_run(run_id).info.start_time) // 1000
    points = [
        Metric(f"{PREFIX}{name}", value, now, seconds)
        for name, value in _measured().items()
        if math.isfinite(value)
    ]
    log_metrics(client, run_id, points, {})


def _measured() -> Mapping[str, float]:
    monitors: list[BaseMetricsMonitor] = [CPUMonitor()]
    with contextlib.suppress(ImportError, RuntimeError):  # neither the package nor a GPU is there
        monitors.append(GPUMonitor())
    found: dict[str, float] = {}
    for monitor in monitors:
        monitor.collect_metrics()
        found |= monitor.aggregate_metrics()
    return found
