# The only commands you need: `make help`.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true
ifneq (,$(findstring :,$(CURDIR)))
$(error $(CURDIR): a path without a colon, which ends a folder in PATH; rename the folder)
endif
INSTALLED := .venv/installed
ifneq ($(shell cat $(INSTALLED) 2>/dev/null),$(CURDIR))
.PHONY: $(INSTALLED)  # its programs name the folder that it was made in
endif

.DEFAULT_GOAL := help
.PHONY: help setup repro test test-faults unit check verify same audit ui bench constraints

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(INSTALLED) ## Install Unroll and all it needs, pinned, into .venv

$(INSTALLED): constraints.txt pyproject.toml
	@! test -e $@ || test "$$(cat $@)" = "$$(pwd -P)" || echo ".venv was made for another folder: it is made anew for this one"
	$(PYTHON) -m venv --clear .venv
	pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	unroll environment
	pwd -P > $@

repro: $(INSTALLED) ## Run the pipeline, from raw text to reports/report.html
	unroll check
	unroll repro
	unroll sync
	@echo
	@echo "The report:  $(CURDIR)/reports/report.html"
	@echo "The runs:    make ui, then open http://127.0.0.1:5000/#/experiments/1/runs"

test: $(INSTALLED) ## Run every test but those of test-faults
	pytest -q --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not faults"

test-faults: $(INSTALLED) ## Run the tests that break things at length
	pytest -q --numprocesses 2 --dist loadfile -m faults
	python -m reliability.faults

unit: $(INSTALLED) ## Run the tests that need no pipeline
	pytest -q --numprocesses 2 --dist loadfile -m "not slow and not faults"

check: $(INSTALLED) ## Format, lint, types, and the floors of the house
	ruff format --check .
	ruff check .
	pyright
	lint-imports

verify: $(INSTALLED) ## Run a small pipeline twice, in unlike surroundings, and compare the bytes
	python -m reliability.verify

same: $(INSTALLED) ## Compare every out of a small project with those of another revision: make same BASE=HEAD~1
	python -m reliability.same $(BASE)

audit: ## Look for known vulnerabilities in constraints.txt
	rm -rf .work/audit && $(PYTHON) -m venv .work/audit
	.work/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(PYTHON) -m reliability.audit .work/audit/bin/pip-audit constraints.txt

ui: $(INSTALLED) ## Open MLflow on http://127.0.0.1:5000
	mlflow server --host 127.0.0.1 --port 5000 --backend-store-uri sqlite:///mlflow.db --default-artifact-root mlartifacts

bench: $(INSTALLED) ## Measure speed side by side and write docs/performance.md
	python -m benchmarks

constraints: ## Renew constraints.txt: the newest releases that pyproject.toml allows
	rm -rf .work/constraints && $(PYTHON) -m venv .work/constraints
	.work/constraints/bin/pip install --quiet --disable-pip-version-check '.[dev]'
	.work/constraints/bin/pip freeze --exclude unroll | sed 's/+cpu$$//' > constraints.txt
