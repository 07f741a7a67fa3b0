# `make demo` and `make test` do everything on a machine that has Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
DEMO := demo-results
AUDIT := audit-results
# Tests wait for real processes and real limits of time, so one more of them runs than there are processors.
WORKERS = $(shell $(BIN)/python -c "import os; print(min(os.cpu_count() + 1, 5))")

.PHONY: help demo test lint format bench audit clean
help:  ## show this
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[courses,lightning,watch,cluster,dev]'
	@touch $@

demo: .venv/installed  ## grade the bundled sample submissions and show the pages
	@rm -rf $(DEMO)
	@$(BIN)/python tests/submissions/samples.py $(DEMO)/submissions
	@$(BIN)/grader grade technion-hw2 $(DEMO)/submissions --out $(DEMO)/results --quick

test: .venv/installed  ## run all tests that need no GPU
	@# Real processes under real limits of time: what fails beside others has to pass by itself, and is named either way.
	$(BIN)/python -m pytest -m "not gpu" --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder || \
		{ test $$? = 1 && echo "Once more, alone: what failed beside other tests" && \
		$(BIN)/python -m pytest -v --last-failed --last-failed-no-failures=none -m "not gpu"; }

lint: .venv/installed  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed  ## measure cost, scaling and memory, beside otter-grader and nbgrader: docs/benchmarks.md
	$(BIN)/python benchmarks/run.py

audit: .venv/installed  ## measure the five courses for docs/trust.md: hours; the long parts go on where they were stopped
	@mkdir -p $(AUDIT)
	-$(BIN)/grader audit --json $(AUDIT)/audit.json | tee $(AUDIT)/audit.txt
	-$(BIN)/grader audit --explanations > $(AUDIT)/explanations.md
	-$(BIN)/grader audit --mutants all --json $(AUDIT)/mutants.json | tee $(AUDIT)/mutants.txt
	-$(BIN)/grader audit --rates --quick | tee $(AUDIT)/rates.txt

clean:  ## remove what was built
	rm -rf .venv .bench .mutants .rates $(DEMO) $(AUDIT) .pytest_cache .mypy_cache .ruff_cache
