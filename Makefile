# make demo   installs into .venv and makes Table IV from synthetic faces
# make report   makes the page of its results, and what it lacks
# make test   installs and runs the tests
# make fuzz   the tests of everything that reads users' files and names, of damaged files and killed runs, with more cases, as in a nightly run
# make test-slurm   the workflow on a real SLURM of one machine: installs Debian's packages, needs root
# make lint   what CI checks beside the tests
# make docs   builds the site of documentation in docs/_build, with warnings as errors

PYTHON ?= python3
python = '$(subst ','\'',$(PYTHON))'
# modules and no console scripts, which pip cannot start in a folder whose name has double quotes
BIN := .venv/bin
TABLE := results/table_iv.csv
REPORT := results/report.html
HOW := --logger rrrn --cores all --scheduler greedy --scheduler-subsample 200
# processes of tests: one more than cores, as they wait a little; at most four, as each takes 2 GB and imports all
WORKERS = $(shell $(BIN)/python -c 'import os; print(min(4, 1 + len(os.sched_getaffinity(0))))')

# Snakemake does not start where it can keep no cache, which is below HOME: then it is in this folder
ifneq ($(shell PYTHONPATH=. $(python) -c 'from rrrn.running import writable; print(writable.objection(writable.cache()))' 2>/dev/null),)
export XDG_CACHE_HOME := $(CURDIR)/.cache
endif

# With it every process compiles what it imports, again and again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo report test test-slurm fuzz lint docs clean

demo: .venv/installed
	$(BIN)/python -m snakemake $(HOW) --rerun-incomplete $(TABLE)
	$(BIN)/python -m rrrn.commands.show $(TABLE)
	@$(MAKE) --no-print-directory report

report: .venv/installed
	$(BIN)/python -m snakemake $(HOW) --rerun-incomplete $(REPORT)
	@echo "Report: $(CURDIR)/$(REPORT)"

test: .venv/installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slurm"

test-slurm: .venv/installed-dev
	@command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "make test-slurm needs Debian or Ubuntu, and root: it installs SLURM and starts its daemons"; exit 1; }
	tests/slurm/cluster.sh during env RRRN_SLURM=required $(BIN)/python -m pytest tests/slurm

fuzz: .venv/installed-dev
	RRRN_FUZZ=2000 $(BIN)/python -m pytest tests/test_import_fuzz.py tests/test_video_fuzz.py tests/test_damage.py tests/test_hostile_names.py tests/test_faults.py tests/test_bundle.py tests/test_checkpoints.py

lint: .venv/installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m snakefmt --check Snakefile workflow
	$(BIN)/python -m snakemake --lint

docs: .venv/installed-dev
	$(BIN)/python -m sphinx -W --keep-going -n -q -j auto docs docs/_build
	@echo "Site: $(CURDIR)/docs/_build/index.html"

# --no-compile: Python compiles what it imports; pip would compile all that there is, half a minute more
.venv/installed: requirements.txt pyproject.toml
	$(if $(filter True,$(shell $(python) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)),,$(error $(PYTHON) is no Python 3.11 or newer, which rrrn needs; name one: make PYTHON=python3.12 $(MAKECMDGOALS)))
	@echo "Installing into .venv: about 3 GB, some minutes without a word"
	$(python) -m venv .venv || { echo "Python's venv module is missing; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps face_recognition==1.3.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements-dev.txt
	touch $@

clean:
	rm -rf results logs data/synthetic
