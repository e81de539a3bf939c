PORT ?= 8000
VAR ?= var
PYTHON = .venv/bin/python
# What these are about never asks the shop's database: once is enough.
NO_DATABASE = tests/offers tests/sandbox tests/qa/plugin tests/benchmarks \
	tests/architecture/test_deployment_checks.py \
	tests/qa/test_rehearsal_rules.py tests/qa/test_rehearsal_finds.py

.PHONY: demo test bench lint test-sqlite test-postgres scenarios stripe-conformance

demo: .venv
	@PORT=$(PORT) VAR=$(VAR) FRESH=$(FRESH) exec $(PYTHON) bin/demo

test: .venv lint
	CHROMIUM=$$(bin/chromium) $(MAKE) --no-print-directory test-sqlite test-postgres

lint: .venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy
	$(PYTHON) manage.py makemigrations --check --dry-run

test-sqlite: .venv
	$(PYTHON) -m pytest -n 2 $(ARGS)

test-postgres: .venv
	$(PYTHON) tests/on_postgres.py -n 2 -m "not browser" $(NO_DATABASE:%=--ignore=%) $(ARGS)

scenarios: .venv
	@exec $(PYTHON) bin/scenarios $(if $(LIST),--list) $(if $(DIR),"$(DIR)") $(ARGS)

bench: .venv
	$(PYTHON) -m benchmarks $(ONLY)

stripe-conformance: .venv
	STRIPE_CONFORMANCE=1 $(PYTHON) -m pytest tests/sandbox/test_conformance.py
	$(PYTHON) tests/sandbox/check_stripe_js.py

.venv: pyproject.toml uv.lock .python-version
	@bin/bootstrap
	@touch .venv
