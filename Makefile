# What can be done here. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check lint machine messages gallery format clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Send a bilingual wrap-up to 500 invented readers on this machine, then show the pages (ARGS="--rate 100", JSON=1)
	@$(RUN)/mailer demo $(if $(JSON),--no-web --json) $(ARGS)

test: machine lint ## Everything: style, types and contracts, then every test, against real servers that it starts for itself and stops
	$(RUN)/python -m pytest --servers --numprocesses 3 --dist loadgroup --durations=15 $(ARGS)

chaos: machine lint ## The stories at length, hundreds of kills among them (an hour and a half), and what they showed into docs/reliability.md
	$(RUN)/python -m pytest --servers --chaos -m 'promise or lengthy' --numprocesses 2 --durations=15 $(ARGS)

check: lint ## The quick part, which starts no server: style, types, contracts, messages, unit tests
	$(RUN)/python -m pytest --quiet $(ARGS)

lint: $(VENV)/.tools ## Style, types, import contracts
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

machine: $(VENV)/.python ## What the tests need of this machine: installed where apt-get can, else named
	@$(RUN)/python -m tests.machine

messages: $(VENV)/.tools ## Gather the texts to translate from the code into locales/messages.pot and the catalogues
	$(RUN)/pybabel --quiet extract --mapping=locales/babel.cfg --keyword=say --keyword=word --add-location=file --omit-header --no-wrap --output=locales/messages.pot .
	$(RUN)/pybabel --quiet update --input-file=locales/messages.pot --output-dir=locales --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap

gallery: $(VENV)/.tools ## Draw the pictures of docs/gallery.md anew
	$(RUN)/python -m tests.gallery

format: $(VENV)/.tools ## Lay the code out as the checks want it
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

clean: ## Remove the environment and what the tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist

# The environment: exactly the versions of constraints.txt.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python 3.11 or newer is needed: name one with make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up the environment in $(VENV) (once, about half a minute) ..." >&2
	@$(PYTHON) -m venv $(VENV) || { echo "Python lacks venv: install it (Debian: apt install python3-venv)" >&2; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.python pyproject.toml constraints.txt
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@
