# The template: generate a service, test every variant, measure.

# What one may set, in the command: `make new OUTPUT=some/folder`. What the shell exports is not asked.
PYTHON := python3
OUTPUT := ..
ARGS :=
UV_VERSION := 0.13.9
GET_UV := install --quiet --disable-pip-version-check uv==$(UV_VERSION)

DATE = $(shell date -u +%Y-%m-%d)
DATED := pyproject.toml '{{cookiecutter.project_slug}}/pyproject.toml'

BIN := .venv/bin
SOURCES := new.py known_questions.py template_folder.py hooks tests benchmarks

# Of what the shell exports for these tools only where packages come from is kept; the rest would change what happens here.
SOURCE_OF_PACKAGES := UV_CACHE_DIR UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_HTTP% UV_INDEX% UV_INSECURE_HOST \
	UV_KEYRING_PROVIDER UV_LINK_MODE UV_NATIVE_TLS UV_NO_INDEX UV_OFFLINE UV_SYSTEM_CERTS \
	PIP_CACHE_DIR PIP_CERT PIP_CLIENT_CERT PIP_CONFIG_FILE PIP_DEFAULT_TIMEOUT PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_INDEX_URL \
	PIP_KEYRING_PROVIDER PIP_NO_INDEX PIP_PROXY PIP_RETRIES PIP_TIMEOUT PIP_TRUSTED_HOST
unexport $(filter-out $(SOURCE_OF_PACKAGES),$(filter UV_% PIP_% PYTHON% PYTEST_% RUFF_% MYPYPATH VIRTUAL_ENV,$(.VARIABLES)))
export UV_PYTHON_DOWNLOADS := never

# make takes `framework=flask` beside `ARGS=…` without a word, and nobody hears of it.
GIVEN = $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
LOST = $(strip $(filter-out ARGS OUTPUT PYTHON,$(GIVEN)))

.DEFAULT_GOAL := help
.PHONY: help new test containers lint format bench dashboards pictures date canary clean

help: ## Show this list
	@color=; plain=; if [ -t 1 ]; then color=$$(printf '\033[36m'); plain=$$(printf '\033[0m'); fi; \
	awk -F ':.*## ' -v color="$$color" -v plain="$$plain" \
		'/^[a-z-]+:.*## / { printf "%s%-11s%s %s\n", color, $$1, plain, $$2 }' Makefile

new: .venv/.new ## Generate a service: OUTPUT=dir (default ..), ARGS="--no-input project_name='Orders API'"
	@$(if $(LOST),$(error $(LOST): answers go into ARGS, like ARGS="--no-input framework=flask"))
	@$(BIN)/python new.py "$$PWD" "$(OUTPUT)" $(ARGS)

test: .venv/.test ## Render every variant and run every distinct one, on several processors: ARGS="-n0 -k workers"
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

containers: .venv/.test .venv/.engine ## Run compose.yaml in a real container engine: as root on Debian (5 minutes; needs podman, debootstrap)
	@$(BIN)/pytest $(ARGS) tests/engine

lint: .venv/.test .venv/.lint ## Check format, lint and types of hooks, tests and benchmarks
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy

format: .venv/.lint ## Format hooks, tests and benchmarks
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

bench: .venv/.test ## Measure generating, the generated suite, start to ready, what metrics cost a request, and a scrape
	@PYTHONPATH=tests $(BIN)/python benchmarks/rendering.py
	@PYTHONPATH=tests $(BIN)/python benchmarks/http_cost.py
	@PYTHONPATH=tests $(BIN)/python benchmarks/exposition.py

dashboards: .venv/.test ## Write the dashboards of the generated service from its panels
	@$(BIN)/python benchmarks/dashboards.py

pictures: .venv/.test ## Draw the dashboards from a service under load into docs/pictures (5 minutes; needs prometheus and chromium)
	@PYTHONPATH=tests $(BIN)/python benchmarks/pictures.py

date: ## Move the date that pins all versions: DATE=2026-11-20 (default today)
	@sed -i.old 's/^exclude-newer = "[^"]*"/exclude-newer = "$(DATE)T00:00:00Z"/' $(DATED)
	@for file in $(DATED); do rm "$$file.old"; done

canary: date ## Run the gate with the newest of everything
	@.ci/run

clean: ## Remove the virtual environment and the caches
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache

.venv/.uv: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "$(PYTHON) is missing or older than 3.11: name a newer one, like make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --python .venv $(GET_UV) 2>/dev/null || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip $(GET_UV); }
	@touch $@

.venv/.%: pyproject.toml .venv/.uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group $* || \
		{ echo "No version found? Where the index gives no upload dates, delete exclude-newer in pyproject.toml." >&2; exit 1; }
	@touch $@
