# The one entry point. `make` alone lists what there is.
#
# Each interpreter's extension module stands in the source tree as django_bolt/_core.<tag>.so.
# target/in-tree/ holds one stamp for each, `<tag>.release` or `<tag>.dev`: which profile is there.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Any CPython from 3.11 up. Another one than .venv was made with makes it anew.
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
# Processes under one parent, and serving threads in each.
P ?= 1
WORKERS ?= 1
# Passed on to pytest: make test-py ARGS="-k routing -x"
ARGS ?=
# Of measurements: connections, requests in a sample, rounds, and cases with commas (none: all).
C ?= 64
N ?= 20000
ROUNDS ?= 5
CASES ?=
# Of a saved result, instead of its date.
NAME ?=

BIN := $(abspath $(VENV))/bin
MANAGE := $(BIN)/python sample_site/manage.py
MATURIN := env -u CONDA_PREFIX VIRTUAL_ENV=$(abspath $(VENV)) PATH="$(BIN):$$PATH" $(BIN)/maturin
# The same value that maturin sets, so that clippy and the build do not undo each other's work.
CARGO := PYO3_PYTHON=$(BIN)/python cargo
SOURCES := $(shell find rust/*/src -name '*.rs') $(wildcard rust/*/Cargo.toml) Cargo.toml Cargo.lock
# Read when a recipe runs: there may be no environment before.
TAG = $(shell $(BIN)/python -c 'import sys; print(sys.implementation.cache_tag)')
STAMPS := target/in-tree
RUNNING := target/running
# Makes a file in a second make, where what it depends on is known; silent where there is no need.
need = $(MAKE) -q $(1) 2>/dev/null || $(MAKE) $(1)

.PHONY: help
help: ## List the targets
	@echo "make TARGET [PYTHON=python3.13] ..."
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | awk -F '\t' '{ printf "  %-14s %s\n", $$1, $$2 }'

## Building

.PHONY: venv
venv:
ifneq ($(origin PYTHON), file)
	@wanted=$$($(PYTHON) -c 'import sys; print(sys.version_info[:2], sys.implementation.name)'); \
	present=$$($(BIN)/python -c 'import sys; print(sys.version_info[:2], sys.implementation.name)' 2>/dev/null || true); \
	if [[ -n $$present && $$present != "$$wanted" ]]; then \
		echo "$(VENV) was made with another Python: making it anew"; rm -f $(VENV)/.dependencies $(VENV)/.made; \
	fi
endif
	@$(call need,$(VENV)/.dependencies)

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make ... PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# Groups of dependencies are known to pip from 25.1 on.
$(VENV)/.dependencies: pyproject.toml $(VENV)/.made
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(STAMPS)/%.release: $(SOURCES) $(VENV)/.dependencies
	$(MATURIN) develop --release
	@mkdir -p $(@D); rm -f $(STAMPS)/$*.*; touch $@

$(STAMPS)/%.dev: $(SOURCES) $(VENV)/.dependencies
	$(MATURIN) develop
	@mkdir -p $(@D); rm -f $(STAMPS)/$*.*; touch $@

.PHONY: build
build: venv ## Make .venv, and put the release build into the source tree
	@$(call need,$(STAMPS)/$(TAG).release)

.PHONY: rebuild
rebuild: venv ## The same, whatever is there
	@rm -f $(STAMPS)/$(TAG).*
	@$(MAKE) $(STAMPS)/$(TAG).release

# What tests and checks need: either profile, if it is that of the sources; else the quick one.
.PHONY: any-build
any-build: venv
	@$(MAKE) -q $(STAMPS)/$(TAG).release 2>/dev/null || { $(call need,$(STAMPS)/$(TAG).dev); }

.PHONY: wheel
wheel: venv ## Build a wheel into dist/
	$(MATURIN) build --release --interpreter $(BIN)/python --out dist

## Running

.PHONY: data
data:
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) load_airports

.PHONY: run
run: build data ## Build, migrate, load the airports, serve (HOST= PORT= P= WORKERS=)
	$(MANAGE) runbolt --host $(HOST) --port $(PORT) --processes $(P) --workers $(WORKERS)

.PHONY: run-bg
run-bg: build data ## The same in the background: target/running/{pid,log}
	@mkdir -p $(RUNNING)
	@if [[ -e $(RUNNING)/pid ]] && kill -0 "$$(cat $(RUNNING)/pid)" 2>/dev/null; then \
		echo "A server runs already (process $$(cat $(RUNNING)/pid)): make stop-bg" >&2; exit 1; \
	fi
	@nohup $(MANAGE) runbolt --host $(HOST) --port $(PORT) --processes $(P) --workers $(WORKERS) \
		</dev/null >$(RUNNING)/log 2>&1 & echo $$! >$(RUNNING)/pid
	@for _ in {1..300}; do \
		if grep -q '^Serving at ' $(RUNNING)/log; then grep '^Serving at ' $(RUNNING)/log; exit 0; fi; \
		kill -0 "$$(cat $(RUNNING)/pid)" 2>/dev/null || break; \
		sleep 0.1; \
	done; \
	cat $(RUNNING)/log >&2; echo "The server did not start." >&2; exit 1

.PHONY: stop-bg
stop-bg: ## Stop it, when it has finished what is in flight
	@if [[ ! -e $(RUNNING)/pid ]]; then echo "No server runs in the background."; exit 0; fi; \
	pid=$$(cat $(RUNNING)/pid); kill "$$pid" 2>/dev/null || true; \
	for _ in {1..400}; do \
		kill -0 "$$pid" 2>/dev/null || { rm -f $(RUNNING)/pid; exit 0; }; \
		sleep 0.1; \
	done; \
	echo "Process $$pid has not ended." >&2; exit 1

.PHONY: smoke
smoke: any-build ## Start the sample site on a free port, and ask it what the README asks
	$(BIN)/python .ci/smoke.py http

.PHONY: orm-smoke
orm-smoke: any-build ## The same with reads and writes of the database, several at once
	$(BIN)/python .ci/smoke.py orm

.PHONY: files-smoke
files-smoke: any-build ## The same with a photo, a CSV and a feed of events
	$(BIN)/python .ci/smoke.py files

## Testing

.PHONY: test
test: test-rust test-py ## Everything

.PHONY: test-rust
test-rust: ## The Rust core, without Python
	cargo test -p bolt-core

.PHONY: test-py
test-py: any-build ## pytest (ARGS=), on the build that is there, or a quick new one
	$(BIN)/python -m pytest $(ARGS)

# The interpreter of .venv keeps it; every other one gets an environment of its own.
.PHONY: test-pythons
test-pythons: venv ## test-py on every Python of this machine from 3.11 up (OTHERS=1: not on .venv's)
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); failed=(); passed=(); \
	while read -r version python <&3; do \
		if [[ -n "$(OTHERS)" && $$version == "$$own" ]]; then continue; fi; \
		echo "== Python $$version"; \
		if [[ $$version == "$$own" ]]; then where="VENV=$(VENV)"; else where="VENV=.venv-$$version PYTHON=$$python"; fi; \
		if $(MAKE) test-py $$where; then passed+=("$$version"); else failed+=("$$version"); fi; \
	done 3< <(.ci/pythons); \
	echo "== passed on Python: $${passed[*]:-none}; failed on: $${failed[*]:-none}"; \
	[[ $${#failed[@]} == 0 ]]

## Measuring

MEASURE = --connections $(C) --requests $(N) --rounds $(ROUNDS) --cases "$(CASES)"
PEER_VENVS := target/perf/venvs

.PHONY: load-tools
load-tools:
	@command -v wrk >/dev/null || { echo "wrk is missing. On Debian: apt-get install wrk" >&2; exit 1; }
	@command -v taskset >/dev/null || echo "taskset is missing, so nothing is pinned. On Debian: apt-get install util-linux" >&2

$(VENV)/.perf: pyproject.toml $(VENV)/.dependencies
	$(BIN)/python -m pip install --quiet --group perf
	@touch $@

.PHONY: measuring
measuring: load-tools build
	@$(call need,$(VENV)/.perf)
	@$(BIN)/python perf/fixtures.py

.PHONY: floor
floor:
	cargo build --release -p bolt-floor

# One environment for each requirements file, made anew when that or the interpreter changes.
.PHONY: peers
peers: venv
	@version=$$($(BIN)/python -c 'import sys; print(sys.version)'); \
	for file in perf/apps/*/requirements.txt; do \
		name=$$(basename "$$(dirname "$$file")"); place=$(PEER_VENVS)/$$name; \
		wanted=$$(echo "$$version"; cat "$$file"); \
		if [[ "$$(cat "$$place/.made" 2>/dev/null || true)" == "$$wanted" ]]; then continue; fi; \
		echo "== $$place"; \
		$(BIN)/python -m venv --clear "$$place"; \
		"$$place/bin/python" -m pip install --quiet --requirement "$$file"; \
		echo "$$wanted" >"$$place/.made"; \
	done

.PHONY: bench
bench: measuring floor ## Measure this project against the floor (C=64 N=20000 ROUNDS=5 CASES=hello,params)
	$(BIN)/python -m perf.run --servers bolt,floor $(MEASURE)

.PHONY: bench-peers
bench-peers: measuring floor peers ## The same with every other framework, each in its own environment: 25 minutes
	$(BIN)/python -m perf.run $(MEASURE)

.PHONY: bench-growth
bench-growth: measuring ## Measure 5,000 routes, 10,000 idle connections, two processes
	$(BIN)/python -m perf.growth --connections $(C) --requests $(N) --rounds $(ROUNDS)

.PHONY: bench-fanout
bench-fanout: measuring floor peers ## Measure one server-sent event at 1,000 clients, with every framework
	$(BIN)/python -m perf.fanout --rounds $(ROUNDS) --seconds 3

.PHONY: save-bench
save-bench: venv ## Keep the last measurements in perf/results/<date> (NAME=)
	@$(call need,$(VENV)/.perf)
	$(BIN)/python -m perf.report save --name "$(NAME)"

## Checking

.PHONY: lint lint-style lint-types lint-rust
lint: lint-style lint-types lint-rust ## Every check that does not run the code (make -k: all of them)

lint-style: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-types: any-build
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest django_bolt._core

lint-rust: venv
	cargo fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p bolt-core --features fuzzing -- -D warnings

.PHONY: fmt
fmt: venv ## Format everything, and fix what can be fixed by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cargo fmt --all

## Fuzzing

# Seconds for each target; one after the other, on one core.
TIME ?= 60
TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))

.PHONY: fuzz
fuzz: ## Run every fuzz target (TIME=600 TARGETS="query token"): nightly Rust and cargo-fuzz
	@command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install --locked cargo-fuzz" >&2; exit 1; }
	cargo +nightly fuzz build
	@for target in $(TARGETS); do \
		echo "== $$target"; mkdir -p fuzz/found/$$target; \
		nice -n 19 cargo +nightly fuzz run $$target fuzz/found/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(TIME) -print_final_stats=1 -verbosity=0; \
	done

.PHONY: clean
clean: ## Remove everything that was built; the sample site's database stays
	rm -rf target dist .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -f django_bolt/_core.*.so
	find django_bolt sample_site tests -name __pycache__ -prune -exec rm -rf {} +
