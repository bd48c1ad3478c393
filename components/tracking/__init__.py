"""What was run, recorded in MLflow: runs, metrics, images, the model registry and its gate.

The only room that imports mlflow; importing it takes two seconds, so callers do it late.
"""

from components.tracking.connection import connect
from components.tracking.promotion import promote, rollback
from components.tracking.registry import Registered, Submitted, register
from components.tracking.runs import Tracker
from components.tracking.versions import load_model_dir

__all__ = [
    "Registered",
    "Submitted",
    "Tracker",
    "connect",
    "load_model_dir",
    "promote",
    "register",
    "rollback",
]
