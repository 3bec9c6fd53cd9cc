# One command each, on a machine with nothing but Python 3.11 or newer and its venv module.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
ENVIRONMENT := $(VENV)/installed
QUIET := --quiet --disable-pip-version-check
TRANSFORMERS_4 := transformers==4.57.6

.PHONY: demo test quality compat wheel clean

demo: $(ENVIRONMENT)  ## the whole plan at tiny scale, at most 10 minutes on 2 cores
	PATH="$(CURDIR)/$(BIN):$$PATH" python recipes/demo.py

test: $(ENVIRONMENT)  ## every test, offline
	$(BIN)/pytest -n 2 --dist worksteal

compat: $(ENVIRONMENT)  ## a saved model folder in transformers 4, without this package
	$(PYTHON) -m venv $(VENV)-transformers4
	$(VENV)-transformers4/bin/python -m pip install $(QUIET) --constraint constraints.txt torch
	$(VENV)-transformers4/bin/python -m pip install $(QUIET) $(TRANSFORMERS_4)
	$(BIN)/python tests/save_tiny_model.py build/tiny
	$(VENV)-transformers4/bin/python tests/standalone_inference.py build/tiny

wheel: $(ENVIRONMENT)  ## the package as others install it, used away from the clone
	rm -rf build
	$(BIN)/python -m pip install $(QUIET) --no-deps --target build/installed .
	cd build/installed && PYTHONPATH=. "$(CURDIR)/$(BIN)/python" "$(CURDIR)/tests/use_installed.py"

quality: $(ENVIRONMENT)  ## lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# torch comes first and alone: the pinned version is small where the package index has a CPU build of it,
# and what follows finds it installed.
$(ENVIRONMENT): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(QUIET) --constraint constraints.txt torch
	$(BIN)/python -m pip install $(QUIET) --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-transformers4 build dist *.egg-info runs
