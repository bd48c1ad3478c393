"""The experiment as data: models, loading, sweep expansion, the plan of stages and its keys."""
