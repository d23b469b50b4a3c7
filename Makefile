# Needs make, git and Python 3.11 or newer; everything else is installed into .venv.
SHELL := /bin/sh
UV_VERSION := 0.13.8
BIN := .venv/bin
export UV_PROJECT_ENVIRONMENT := .venv

.DEFAULT_GOAL := help
.PHONY: help setup serve test lint docs bench clean

help:
	@echo "make serve   install what is missing and serve on http://127.0.0.1:8080 with seed packages"
	@echo "make test    install what is missing and run the tests (ARGS='tests/cli -x' to choose)"
	@echo "make lint    style, types, import directions, generated documents"
	@echo "make docs    write OPERATIONS.md, ERRORS.md and RULES.md anew"
	@echo "make bench   measure; see benchmarks/"
	@echo "make setup   install only"
	@echo "make clean   remove what was installed and built; data/ stays"

setup: .venv/.ready

.venv/.ready: uv.lock pyproject.toml
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	      && { python=$$candidate; break; }; \
	  done; \
	  test -n "$$python" || { echo "Python 3.11 or newer is needed; name it: make PYTHON=..." >&2; \
	    exit 1; }; \
	  echo "making .venv with $$python"; \
	  $$python -m venv --clear .venv || { echo "this Python cannot make a virtual environment;" \
	    "on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; }
	@test "$$($(BIN)/uv --version 2>/dev/null | cut -d' ' -f2)" = "$(UV_VERSION)" || { \
	  echo "installing uv $(UV_VERSION)"; \
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; }
	@$(BIN)/uv sync --locked --quiet
	@touch $@

serve: setup
	@exec $(BIN)/larder serve --seed

test: setup
	@$(BIN)/pytest -n 2 $(ARGS)

lint: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pytest -q tests/house

docs: setup
	@$(BIN)/python -m service.reference

bench: setup
	@$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .make dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
