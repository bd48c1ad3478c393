# Two commands: `make demo` and `make test`, and `make demo-text` for more time. All make .venv from the lock when it is missing.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo demo-text test test-all lint format install lock clean bench screens

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/alphabar data fetch
	$(BIN)/alphabar run experiments/digits.yaml

# Images from text, in latents: it goes on from where it was stopped.
demo-text: $(STAMP)
	$(BIN)/alphabar data fetch
	$(BIN)/alphabar run experiments/openmoji.yaml

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 25

# With the long simulations, whose figures docs/evaluation.md keeps.
test-all: $(STAMP)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m ""

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pictures of the reports, comparisons and studies under reports/, and whether they are sound in a
# browser, at the width of a laptop and of a phone: half a minute a page. Then MLflow's and Prefect's
# pages of what ran last, by servers that end with it. Needs Chromium.
screens: $(STAMP)
	$(BIN)/python -m screens --out reports/screens

# Times what we do beside the libraries that do it too: about an hour on two idle cores.
# `benchmarks/gpu.sh` does what needs a GPU.
bench: $(STAMP)
	$(BIN)/python -m benchmarks.frechet --out reports/benchmarks.json
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.captions
	$(BIN)/python -m benchmarks.cached_text --out reports/benchmarks.json
	$(BIN)/python -m benchmarks.plan --out reports/benchmarks.json
	$(BIN)/python -m benchmarks.evaluation --out reports/benchmarks.json
	$(BIN)/python -m benchmarks.big_data
	$(BIN)/python -m benchmarks.training --out reports/benchmarks.json
	$(BIN)/python -m benchmarks.sampling --out reports/benchmarks.json
	$(BIN)/python -m benchmarks.chain --out reports/benchmarks.json

# Resolve anew what pyproject.toml allows, with the versions in the lock as they are unless
# they must move; then try it (`make test`) before committing.
lock: $(STAMP)
	$(BIN)/pip install --quiet --upgrade --constraint requirements.lock --editable '.[dev]'
	$(BIN)/python -m pip freeze --exclude-editable > requirements.lock

clean:
	rm -rf .venv artifacts pipeline mlruns .prefect
