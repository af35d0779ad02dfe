# The two main commands are `make reproduce` and `make test`. They need Python 3.11 or later, git and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= runs/synthetic

# Options of `make bench`, such as BENCH="reading --quick".
BENCH ?=

.PHONY: reproduce test test-slow coverage docs bench bench-guard lint clean

$(VENV)/.demo: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	$(BIN)/pip install -q -e ".[demo]"
	touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(BIN)/pip install -q -e ".[demo,dev,serve,onnx,litert,classical,beam,av,augment]"
	touch $@

reproduce: $(VENV)/.demo  ## Run all experiments of the paper on the synthetic corpora
	$(BIN)/ser-fop reproduce --config pipelines/experiments/synthetic.yaml --out $(OUT)

# Three calls: a test process returns its memory only when it ends. They share the records and networks of the tests.
test: $(VENV)/.dev  ## Run the linter and all tests that are not marked slow, in two processes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	folders=$$(mktemp -d) && trap 'rm -rf "$$folders"' EXIT && export SER_FOP_TEST_FOLDERS="$$folders" && \
	for part in a-h i-r s-z; do \
	  $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" --durations=15 \
	    --ignore-glob "tests/[!$$part]*" tests || exit 1; \
	done

test-slow: $(VENV)/.dev  ## Run the slow tests (killed processes, several processes, other backends); without reordering, the longest files start first
	$(BIN)/pip install -q -e ".[jax,docs]"
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m slow --durations=25

coverage: $(VENV)/.dev  ## Run the fast tests and print the coverage of lines and branches
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --cov=ser_fop --cov=pipelines --cov-branch

$(VENV)/.docs: $(VENV)/.demo
	$(BIN)/pip install -q -e ".[docs]"
	touch $@

docs: $(VENV)/.docs  ## Build the documentation as a site in site/; a broken link is an error
	$(BIN)/mkdocs build --strict

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/pip install -q -e ".[demo,dev,serve,onnx,litert,classical,beam,av,augment,bench]"
	touch $@

bench: $(VENV)/.bench  ## Compare each stage with alternative tools; BENCH=--record stores the figures
	$(BIN)/python -m benchmarks $(BENCH)

bench-guard: $(VENV)/.bench  ## Fail if a ratio is below 0.8 of the recorded ratio
	$(BIN)/python -m benchmarks --guard $(BENCH)

lint: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist site *.egg-info
