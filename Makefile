# A door to scripts/*, which hold the commands. `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup demo check fmt test test-all browser chaos docs clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## the environment with everything for development
	scripts/setup dev

demo: ## simulated EHR, gateway, consult server and workers on this machine
	scripts/demo

check: ## format, lint, types, import contracts
	scripts/check

fmt: setup ## format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

test: ## the quick tiers: architecture, unit, property
	scripts/test architecture unit property

test-all: ## every tier
	scripts/test

browser: ## the tier that drives Chromium
	scripts/test browser

chaos: ## the tier that kills processes
	scripts/test chaos

docs: ## write the generated reference pages anew
	scripts/docs

clean: ## delete caches and test artifacts; the environment and .demo stay
	rm -rf .artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
