# One command each. PYTHON is the interpreter of the environment; CONTRIBUTING.md says what the suites take.
PYTHON ?= python
PACKAGES := bss2-emulator hxtorch-core hxtorch-perceptron hxtorch-spiking
COMPILED := bss2-emulator hxtorch-perceptron hxtorch-spiking
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

.PHONY: help setup kernels test fast style types figures fidelity
help: ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: ## install all packages in place, with what tests and checks need
	$(PYTHON) -m pip install -q 'setuptools>=77' 'cython>=3.1' wheel hatchling editables
	for package in $(PACKAGES); do $(PYTHON) -m pip install --no-build-isolation -e packages/$$package || exit 1; done
	$(PYTHON) -m pip install -q pytest hypothesis scipy matplotlib scikit-learn brian2 nir ruff mypy import-linter pre-commit
	$(PYTHON) -m pip install -q --no-deps nirtorch norse

kernels: ## compile in place what changed: one kernel takes seconds, a header all that include it
	for package in $(COMPILED); do (cd packages/$$package && $(PYTHON) setup.py -q build_ext --inplace) || exit 1; done

test: ## run one test: make test T=tests/core/routing
	$(PYTHON) -m pytest -q -x $(T)

fast: ## run the tests that answer within minutes
	$(PYTHON) -m pytest -q -m "not slow" tests

style: ## format and lint
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) tests/architecture/imports.py

types: ## mypy on installed wheels, as CI does
	tox run -e types

figures: ## what the pages make from the code
	$(PYTHON) -m bss2_emulator.facts > docs/registers.md
	$(PYTHON) -m bss2_emulator.facts docs/chip.md

fidelity: ## the page that compares with measured chips; a minute
	$(PYTHON) benchmarks/fidelity.py
