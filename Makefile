# Every target does its own set-up: only git and Python 3.11 or newer must be there.
# To choose the Python: make test PYTHON=/path/to/python3

PYTHON ?= python3 python3.13 python3.12 python3.11
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help run test test-slow check format clean

help: ## Show these targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /:/' | awk -F: '{ printf "make %-10s %s\n", $$1, $$2 }'

run: $(INSTALLED) ## Evolve an agent, score it, and play a pretrained one (some minutes)
	@$(BIN)/python examples/first_run.py

test: $(INSTALLED) ## Run the tests, without the slow ones
	@$(BIN)/python -m pytest

test-slow: $(INSTALLED) ## Run the slow tests
	@$(BIN)/python -m pytest -m "slow and not cuda"

check: $(INSTALLED) ## The gate of a change (format, lint, types, tests)
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/pyright
	@$(BIN)/python -m pytest

format: $(INSTALLED) ## Format the code and mend what the linter can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

clean: ## Remove the caches and the virtual environment
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for everything: what `make run` could leave out is a third of the time, once.
$(INSTALLED): pyproject.toml constraints.txt
	@rm -f $@
	@$(BIN)/python -c 'import pip' 2> /dev/null || { \
		for python in $(PYTHON); do \
			"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
				&& exec "$$python" -m venv .venv; \
		done; \
		echo "No Python 3.11 or newer with the module venv among: $(PYTHON)." \
			"Install one (Debian: python3-venv) or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	}
	@echo "Installing into .venv, once: about three minutes and the downloads" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	@touch $@
