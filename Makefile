PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help repro store test lock review faults bench bench-learning bench-transfer bench-dvc requirements
help:  ## list what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 16

# paper/ is a DVC repository of its own: `dvc --cd paper pull` restores its results.
repro: .venv/installed store  ## set up, restore the stored results, and run whatever is out of date
	@python -m gailpipe.review.rwlock
	dvc pull --run-cache --allow-missing
	dvc repro
	@git rev-parse --is-shallow-repository | grep -q false || echo "This clone is shallow: \`git fetch --unshallow\` before \`dvc exp run\` with --queue or --temp."

store:
	@damaged=$$(git ls-files --modified data/store); test -z "$$damaged" || \
	{ echo "error: $$damaged: damaged or missing; \`git checkout data/store\` restores the store"; exit 1; } >&2

test: .venv/tested  ## set up, and run ruff, mypy and the tests
	ruff check .
	ruff format --check .
	mypy
	pytest

lock: .venv/installed  ## check that dvc.lock has the results of the parameters and the code beside it
	python -m gailpipe.review.lock

review: .venv/installed  ## tell in Markdown what has changed since BASE (origin/main): scores, parameters, stages
	@python -m gailpipe.review $(or $(BASE),origin/main)

faults: .venv/tested  ## interrupt a tiny pipeline in every way, and see that nothing is lost
	python -m tests.faults

bench: .venv/tested .venv-imitation/installed  ## measure steps per second, and write reports/benchmarks.md
	python -m benchmarks.speed

bench-learning: .venv/tested .venv-imitation/installed  ## measure the time to an expert, and write reports/benchmarks-learning.md
	python -m benchmarks.learning

bench-transfer: .venv/tested  ## measure what learned rewards are worth where the dynamics have changed
	python -m benchmarks.transfer

bench-dvc: .venv/installed  ## measure the CPU seconds of DVC's own commands where nothing is out of date
	@python -m benchmarks.dvc_commands

requirements:  ## renew requirements.txt and requirements-test.txt from pyproject.toml
	$(PYTHON) -m venv --clear .venv
	.venv/bin/pip install --quiet torch==2.13.0 '.[pipeline,cluster,s3]'
	.venv/bin/pip freeze --exclude gailpipe | sed 's/+cpu$$//' > requirements.txt
	.venv/bin/pip install --quiet --constraint requirements.txt '.[dev]'
	echo '-r requirements.txt' > requirements-test.txt
	.venv/bin/pip freeze --exclude gailpipe | sed 's/+cpu$$//' | grep -Fxvf requirements.txt >> requirements-test.txt

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("gailpipe needs Python 3.11 or newer; try make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --requirement requirements.txt
	.venv/bin/pip install --quiet --no-deps --editable .
	touch $@

.venv/tested: requirements-test.txt .venv/installed
	.venv/bin/pip install --quiet --requirement requirements-test.txt
	touch $@

.venv-imitation/installed: benchmarks/imitation-requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("imitation 1.0.1 is pinned to versions that need Python 3.11 or older; try make PYTHON=python3.11" if sys.version_info > (3, 12) else 0)'
	$(PYTHON) -m venv --clear .venv-imitation
	.venv-imitation/bin/pip install --quiet --requirement benchmarks/imitation-requirements.txt
	touch $@
