"""Where MLflow's pages are opened."""

from pathlib import Path

from components.tracking import connect
from flows.servers.mlflow_server import charts_url
from flows.servers.processes import Background


def test_the_address_is_of_the_charts_of_the_latest_experiment(tmp_path: Path) -> None:
    server = Background("the MLflow server", 1, [], 0.0, 5000, "log", str(tmp_path))
    assert charts_url(server, tmp_path) == "http://127.0.0.1:5000"
    tracker = connect(None, tmp_path)
    runs = [tracker.sweep(name, "a1" * 32, {}, {}) for name in ("first", "second")]
    opened = f"/#/experiments/{tracker.experiment_id(runs[1])}/runs?workflowType=machine_learning"
    assert opened in charts_url(server, tmp_path)
