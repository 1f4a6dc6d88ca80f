# Two commands on a fresh machine: `make demo` and `make test`. Both set everything up first (stamp files in .venv).
# PYTHON=... names the Python to use; without it, the newest that fits (.ci/find-python).
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
DATA ?= .eagleray
PORT ?= 5433
BENCH ?=
# A cluster is a dozen processes of one program: each would compile it anew where the environment forbids to keep
# bytecode.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test proofs check up down status bench clean help FORCE

help:
	@echo "make demo    a cluster, the article's orders schema, a workload, its checks; then a day from zero to zero"
	@echo "make test    all tests          make check  lint, types, imports, fast tests"
	@echo "make proofs  the simulator's, with all planted bugs, some of which take turns in make test"
	@echo "make up      start a cluster on $(DATA), port $(PORT); make down stops it, make status shows it"
	@echo "make bench   a table beside PostgreSQL 18 with two synchronous standbys, in one run; BENCH=--quick: in two minutes"

# Looked at each time, made anew (a newer stamp) only where it has to be.
$(VENV)/.python: FORCE
	@.ci/make-venv $(VENV) $(PYTHON)

$(VENV)/.base: pyproject.toml $(VENV)/.python
	@echo "installing pinned dependencies (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.base
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

demo: $(VENV)/.base
	@DEMO_PICTURE=day.html $(BIN)/python -m eagleray.demo

up: $(VENV)/.base
	@$(BIN)/eagleray up --detach --data $(DATA) --port $(PORT)

down: $(VENV)/.base
	@$(BIN)/eagleray down --data $(DATA)

status: $(VENV)/.base
	@$(BIN)/eagleray status --data $(DATA)

test: $(VENV)/.dev
	@$(BIN)/python -m tests.side_by_side

proofs: $(VENV)/.dev
	@PROOFS=all $(BIN)/python -m pytest -n logical --dist worksteal --dearest 20 tests/sim

check: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy --strict actors cluster eagleray workloads
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.side_by_side computing

bench: $(VENV)/.bench
	@$(BIN)/python -m benchmarks.table $(BENCH)

clean:
	rm -rf $(VENV) build dist *.egg-info
