# The sandbox, and what its makers need. `make` alone lists the targets.
PYTHON ?= python3
SCENARIO ?= healthy
ARGS ?=
BIN := .venv/bin
CACHE := .cache

.DEFAULT_GOAL := help
.PHONY: help setup sandbox demo test lint bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.sandbox ## Create .venv and install the sandbox into it

sandbox: .venv/.sandbox ## Run a world: make sandbox SCENARIO=missing-registration
	@$(BIN)/sandbox up $(SCENARIO) $(ARGS)

demo: .venv/.sandbox ## Play the connection log's story, from failure to fix; ARGS=--fast hurries
	@$(BIN)/python -m sandbox.demo $(ARGS)

test: .venv/.dev ## Set up all that the tests need, and run them
	@tests/set-up $(CACHE) $(BIN)/sandbox
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

lint: .venv/.dev ## Check style, types, every scenario and every snippet in the docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/sandbox lint scenarios/*.yaml
	@$(BIN)/pytest -q tests/test_docs.py

bench: .venv/.dev ## Measure start-up, sign-in, tokens and resets
	@$(BIN)/python -m bench $(ARGS)

clean: ## Remove what the other targets made
	rm -rf .venv .sandbox .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build *.egg-info

# A file that says that something is installed is made last, so that what was interrupted is done again.
made_by = $(if $(wildcard .venv/.sandbox),$(BIN)/python,$(PYTHON))
good_python = $(shell { $(made_by) -c 'import sys; print(sys.version_info >= (3, 11))'; } 2>/dev/null)

.venv/.sandbox: pyproject.toml
	@$(if $(filter True,$(good_python)),,$(error The sandbox needs Python 3.11 or newer, which $(made_by) is not. Name one: make PYTHON=python3.12))
	@echo "Installing the sandbox into .venv (once) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: .venv/.sandbox
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --group test --group lint
	@touch $@
