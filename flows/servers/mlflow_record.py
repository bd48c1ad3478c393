"""Where a running MLflow server is noted; read by who must not load what starts one."""

from pathlib import Path


def record_path(root: Path) -> Path:
    """The file that notes the server of the folder ``root``."""
    return root.resolve() / "mlruns" / "server.json"
