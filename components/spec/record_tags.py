"""What MLflow's runs are found again by; here, so that a record can be looked up without MLflow."""

KEY = "alphabar.key"
"""Run tag: what identifies the run among its siblings."""

COMPLETE = "alphabar.complete"
"""Run tag: equals the key once everything below the run is recorded."""
