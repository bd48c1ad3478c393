"""What the machine does while a model trains."""

import psutil
import pytest

from components.tracking import system_metrics
from components.tracking.runs import Tracker
from components.tracking.system_metrics import log_system_metrics


def test_a_training_s_run_has_what_the_machine_does_under_mlflow_s_names(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tracker.client
    run = client.create_run(client.create_experiment("mine"))
    began = run.info.start_time / 1000
    for after in (5, 65):
        monkeypatch.setattr(system_metrics.time, "time", lambda after=after: began + after)
        log_system_metrics(client, run.info.run_id)
    history = client.get_metric_history(run.info.run_id, "system/system_memory_usage_percentage")
    assert sorted(point.step for point in history) == [5, 65]
    used = psutil.virtual_memory()
    assert history[0].value == pytest.approx(100 * used.used / used.total, abs=20)
    assert "system/cpu_utilization_percentage" in client.get_run(run.info.run_id).data.metrics
