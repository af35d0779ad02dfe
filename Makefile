# Two commands on a fresh machine: `make reproduce` and `make test`. Needs Python 3.11 or later, git and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= runs/synthetic

# Options of `make bench`, such as `BENCH="reading --quick"`.
BENCH ?=

.PHONY: reproduce test test-slow bench bench-guard lint clean

$(VENV)/.demo: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	$(BIN)/pip install -q -e ".[demo]"
	touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(BIN)/pip install -q -e ".[demo,dev,serve,onnx,litert,classical,beam]"
	touch $@

reproduce: $(VENV)/.demo  ## The paper's whole experiment on the embedded synthetic corpora
	$(BIN)/ser-fop reproduce --config pipelines/experiments/synthetic.yaml --out $(OUT)

test: $(VENV)/.dev  ## Lint, and every test but the slow ones, in two processes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(VENV)/.dev  ## Long tests: kills, several processes, other backends; the order of folders begins with the longest files
	$(BIN)/pip install -q -e ".[jax]"
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m slow

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/pip install -q -e ".[demo,dev,serve,onnx,litert,classical,beam,bench]"
	touch $@

bench: $(VENV)/.bench  ## Every stage beside what a user would pick instead; `--record` keeps the figures
	$(BIN)/python -m benchmarks $(BENCH)

bench-guard: $(VENV)/.bench  ## Fails where a ratio fell below 0.8 of the recorded one
	$(BIN)/python -m benchmarks --guard $(BENCH)

lint: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info
