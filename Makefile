PORT ?= 8000
VAR ?= var
PYTHON = .venv/bin/python
# Either they never ask the shop's database, or nothing of theirs depends on which one it is:
# `make test` runs them on SQLite alone, `make verify` on PostgreSQL too where they ask it.
NO_DATABASE = tests/offers tests/sandbox tests/benchmarks tests/planted_bugs tests/qa/plugin \
	$(addprefix tests/architecture/test_,dependencies.py deployment_checks.py) \
	tests/core/typed $(addprefix tests/core/test_,csv_cells.py exposure.py form_token.py long_select.py page_cache.py settings_are_honored.py) \
	$(addprefix tests/operations/test_,ports.py previous_release.py serve.py) \
	tests/merchant/forms/test_table_files.py \
	tests/qa/test_rehearsal_rules.py tests/qa/test_rehearsal_finds.py
ANY_DATABASE = tests/architecture tests/bag tests/demo tests/doors tests/fuzz tests/operations/serving \
	tests/operations/test_doctor.py tests/qa tests/scenarios tests/staff \
	$(addprefix tests/core/test_,browser_rules.py cache_headers.py csp_reports.py slashes.py wall_time.py) \
	$(addprefix tests/merchant/,catalog dashboard forms orders preview rehearsals sales staff) \
	$(addprefix tests/merchant/test_,equal_hours.py layout.py) \
	tests/catalog/test_pictures.py tests/checkout/stateful \
	$(addprefix tests/checkout/test_,charges.py hoarding.py) \
	$(addprefix tests/payments/test_,refunds.py stripe_faults.py) \
	$(addprefix tests/sales/test_,clock_change.py kept_pages.py pages_tell_holds.py sense_checks.py)
ON_POSTGRES = $(PYTHON) tests/on_postgres.py -n 2

.PHONY: demo test verify bench lint test-sqlite test-postgres verify-postgres scenarios sbom \
	stripe-conformance

demo: .venv
	@PORT=$(PORT) VAR=$(VAR) FRESH=$(FRESH) exec $(PYTHON) bin/demo

test: .venv lint
	CHROMIUM=$$(bin/chromium) $(MAKE) --no-print-directory test-sqlite test-postgres

verify: .venv
	@CHROMIUM=$$(bin/chromium) exec $(PYTHON) bin/verify $(ARGS)

lint: .venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) bin/lint-migrations

test-sqlite: .venv
	$(PYTHON) -m pytest -n 2 -m "not verify" $(ARGS)

test-postgres: .venv
	$(ON_POSTGRES) -m "not verify and not browser" \
		$(addprefix --ignore=,$(NO_DATABASE) $(ANY_DATABASE)) $(ARGS)

verify-postgres: .venv
	$(ON_POSTGRES) -m "not verify" $(ANY_DATABASE) $(addprefix --ignore=,$(NO_DATABASE)) $(ARGS)

scenarios: .venv
	@exec $(PYTHON) bin/scenarios $(if $(LIST),--list) $(if $(DIR),"$(DIR)") $(ARGS)

bench: .venv
	$(PYTHON) -m benchmarks $(ONLY) $(ARGS)

sbom: .venv
	@VAR=$(VAR) exec $(PYTHON) bin/sbom $(if $(FILE),--file $(FILE)) $(ARGS)

stripe-conformance: .venv
	STRIPE_CONFORMANCE=1 $(PYTHON) -m pytest tests/sandbox/test_conformance.py
	$(PYTHON) tests/sandbox/check_stripe_js.py

.venv: pyproject.toml uv.lock .python-version
	@bin/bootstrap
	@touch .venv
