"""What MLflow's runs are found again by; here, so that a record can be looked up without MLflow."""

KEY = "alphabar.key"
"""Run tag: what identifies the run among its siblings."""

STAGE_KEY = "alphabar.stage_key"
"""Tag: of a run, the key of the stage run that it records; of a version, of what trained it."""

SAMPLED_WITH = "alphabar.sampling"
"""Version tag: digest of the sampling section that its figures were measured with."""

CLIP = "evaluation.clip"
"""Version tag: which CLIP read the captions of its figures, as the experiment file has it."""

COMPLETE = "alphabar.complete"
"""Run tag: equals the key once everything below the run is recorded."""
