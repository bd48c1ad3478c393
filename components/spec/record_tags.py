"""What MLflow's runs are found again by; here, so that a record can be looked up without MLflow."""

KEY = "alphabar.key"
"""Run tag: what identifies the run among its siblings."""

STAGE_KEY = "alphabar.stage_key"
"""Tag: of a run, the key of the stage run that it records; of a version, of what trained it."""

SAMPLED_WITH = "alphabar.sampling"
"""Version tag: digest of the sampling section that its figures were measured with."""

CLIP = "evaluation.clip"
"""Version tag: which CLIP read the captions of its figures, as the experiment file has it."""

PARENT = "alphabar.parent"
"""Run tag: the id of the run that it belongs to: of a cell its model's, of a model its sweep's."""

SWEEP = "alphabar.sweep"
"""Run tag: marks the run of a sweep itself."""

CELL = "alphabar.cell_recorded"
"""Run tag: marks a cell whose evaluation is recorded as a whole."""

COMPLETE = "alphabar.complete"
"""Run tag: equals the key once everything below the run is recorded."""
