# Every command of the project. `make` alone lists them.

# Pays 15 to 20 s of compiling again in every run where a shell sets it.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := $(CURDIR)

SOURCES ?=
NAME ?= $(if $(SOURCES),main,sample)
AS_OF ?=
KNOWN_AT ?=
CUSTOMER ?=
JOURNEY ?=
PROMISE ?=
QUERY ?=
FORMAT ?=
METRIC ?=
BY ?=
FILE ?=
AT ?=
SOURCE ?=
PERSON ?=
PORT ?= 8080
TARGET ?= duckdb
IDENTIFIERS ?= 5000000
SIZE ?= 1
ONLY ?=
SUPERSET_PORT ?= 8088
export JOURNEYS_TARGET ?= $(TARGET)
export SOURCES SOURCE PERSON NAME AS_OF KNOWN_AT CUSTOMER JOURNEY PROMISE QUERY FORMAT METRIC BY FILE AT PORT SUPERSET_PORT

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/installed.stamp
# What a build takes besides: Spark, where that is the target.
ENGINE := $(if $(filter spark,$(TARGET)),.venv-spark/installed.stamp)
KINDS := ingestion places dags scenarios warehouse serving end_to_end architecture
# Kinds that take long, or need more than the lock installs; each has a command of its own,
# `make test` runs none.
TOOL_KINDS := browser celery limits old_client postgres readme spark store superset

.DEFAULT_GOAL := help
.PHONY: help run up down test check fix explain sql score status rebuild \
	check-mapping quarantine-replay replay erase compare bench clean superset test-browser test-celery test-limits test-old-client test-postgres test-readme test-spark test-store test-superset
.PHONY: metric docs bench-identity bench-incremental propose-links linkage-report

help:
	@sed -nE 's/^([a-z_%-]+):[^#]*## (.*)$$/\1\t\2/p' $(MAKEFILE_LIST) | sed 's/%/<kind>/' \
		| awk -F '\t' '{printf "make %-18s %s\n", $$1, $$2}'
	@echo "                        kinds of test: $(KINDS) $(TOOL_KINDS)"

$(READY): requirements.lock
	@echo "setting up .venv (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed; $(PYTHON) is another: make PYTHON=<path of python3.11>"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@touch $@

run: $(READY) $(ENGINE)  ## files to published release, on the sample company, or on [SOURCES=<folder>] [NAME=] [AS_OF=] [KNOWN_AT=] [TARGET=spark]
	@$(BIN)/python -m dags.local.run --name "$$NAME" --sources "$$SOURCES" --as-of "$$AS_OF" --known-at "$$KNOWN_AT"

up: $(READY) $(ENGINE)  ## start Airflow on localhost for [NAME=] [SOURCES=] [PORT=]: files dropped into landing become releases
	@$(BIN)/python -m dags.local.processes up --name "$$NAME" --sources "$$SOURCES" --port "$$PORT"

down: $(READY)  ## stop what `make up` started for [NAME=]
	@$(BIN)/python -m dags.local.processes down --name "$$NAME"

explain: $(READY)  ## a story: what happened, what was promised, what it cost and what would help: CUSTOMER=<id> or <type>:<value>, JOURNEY=<id> or PROMISE=<id> [NAME=]
	@$(BIN)/python -m serving.explain --name "$$NAME" --customer "$$CUSTOMER" --journey "$$JOURNEY" --promise "$$PROMISE"

sql: $(READY)  ## a shell on the current release, read-only; one answer with [QUERY="select ..."] [FORMAT=csv] [NAME=]
	@$(BIN)/python -m serving.sql --name "$$NAME" --query "$$QUERY" --format "$$FORMAT"

metric: $(READY)  ## the metrics of the current release: [METRIC=<metric>,...] [BY=<dimension>,...] [FORMAT=csv] [NAME=]; without METRIC= the list
	@$(BIN)/python -m serving.metrics --name "$$NAME" --metric "$$METRIC" --by "$$BY" --format "$$FORMAT"

docs: $(READY)  ## every table, column, test and the lineage between them, as one page [NAME=]
	@$(BIN)/python -m serving.docs --name "$$NAME"

score: $(READY)  ## every customer's score at an instant: AT=<time> [NAME=]
	@$(BIN)/python -m serving.score_at --name "$$NAME" --at "$$AT"

status: $(READY)  ## what the log, the warehouse and the releases hold, and how fresh they are [NAME=]
	@$(BIN)/python -m serving.status --name "$$NAME"

rebuild: $(READY) $(ENGINE)  ## delete the warehouse and build it again from the log [NAME=] [AS_OF=] [KNOWN_AT=] [TARGET=spark]
	@$(BIN)/python -m dags.local.run --rebuild --name "$$NAME" --sources "$$SOURCES" --as-of "$$AS_OF" --known-at "$$KNOWN_AT"

check-mapping: $(READY)  ## dry run of a mapping: the first rows as they would be read: FILE=<folder>/mapping.yml
	@$(BIN)/python -m ingestion check-mapping "$$FILE"

quarantine-replay: $(READY)  ## read again what was set aside, after a fix [NAME=] [SOURCES=]
	@$(BIN)/python -m dags.local.asked quarantine_replay --name "$$NAME" --sources "$$SOURCES" --source "$$SOURCE"

replay: $(READY)  ## read again everything, one [SOURCE=], or one [CUSTOMER=] against the release [NAME=] [SOURCES=]
	@$(BIN)/python -m dags.local.asked replay --name "$$NAME" --sources "$$SOURCES" --source "$$SOURCE" --customer "$$CUSTOMER"

erase: $(READY)  ## erase one person from all that is kept: PERSON=<type>:<value> or <id> [NAME=] [SOURCES=]
	@$(BIN)/python -m dags.local.asked erase --name "$$NAME" --sources "$$SOURCES" --person "$$PERSON"

compare: $(READY)  ## what came to be known after KNOWN_AT=<time>, event by event [NAME=] [CUSTOMER=<id> or <type>:<value>]
	@$(BIN)/python -m serving.compare --name "$$NAME" --known-at "$$KNOWN_AT" --customer "$$CUSTOMER"

test: $(READY)  ## all tests, on two cores
	@$(BIN)/python -m pytest tests $(TOOL_KINDS:%=--ignore=tests/%) --numprocesses 2 --no-loadscope-reorder

test-%: $(READY)  ## tests of one kind
	@$(BIN)/python -m pytest tests/$*

# An environment beside the main one, from a lock of its own.
define locked
@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
@VIRTUAL_ENV=$(CURDIR)/$(1) $(BIN)/uv pip sync --quiet --require-hashes $(2)
@touch $(1)/installed.stamp
endef

.venv-old-client/installed.stamp: tests/old_client/requirements.lock | $(READY)
	$(call locked,.venv-old-client,$<)

test-old-client: $(READY) .venv-old-client/installed.stamp  ## releases in DuckDB 1.1, installed in an environment of its own
	@$(BIN)/python -m pytest tests/old_client

test-postgres: $(READY)  ## publishing to a real PostgreSQL server, installed by apt-get where there is none
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
		|| { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y postgresql; } \
		|| { echo "NOT RUN: no PostgreSQL server is installed, and it takes root to install one"; exit 1; }
	@$(BIN)/python -m pytest tests/postgres

test-celery: $(READY)  ## Celery workers that share a store alone, killed in their work; PostgreSQL and Redis by apt-get where there are none
	@{ command -v redis-server && ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 \
		|| { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y postgresql redis-server; } \
		|| { echo "NOT RUN: PostgreSQL or Redis is not installed, and it takes root to install them"; exit 1; }
	@$(BIN)/python -m pytest tests/celery

test-limits: $(READY)  ## a disk that fills up, memory that runs out (takes the right to mount), a million records with one placeholder
	@$(BIN)/python -m pytest tests/limits -rs -s

test-store: $(READY)  ## log, landing and releases in an S3-compatible store of the tests, on the loopback address
	@$(BIN)/python -m pytest tests/store

.venv-spark/installed.stamp: serving/spark/requirements.lock | $(READY)
	@echo "setting up .venv-spark, with Spark and a Java (once) ..."
	$(call locked,.venv-spark,$<)

test-spark: $(READY) .venv-spark/installed.stamp  ## every published table on Apache Spark, equal to DuckDB's, on a cluster of the tests on the loopback address
	@$(BIN)/python -m pytest tests/spark -rs

.venv-superset/installed.stamp: serving/superset/requirements.lock | $(READY)
	$(call locked,.venv-superset,$<)

test-superset: $(READY) .venv-superset/installed.stamp  ## the dashboard in a real Superset and a real browser
	@ls /usr/bin/chromium /usr/bin/chromium-browser 2>/dev/null | grep -q . \
		|| { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y chromium; } \
		|| { echo "NOT RUN: no Chromium is installed, and it takes root to install one"; exit 1; }
	@$(BIN)/python -m pytest tests/superset

superset: $(READY) .venv-superset/installed.stamp  ## a dashboard over the current release, on this machine [NAME=] [SUPERSET_PORT=]
	@$(BIN)/python -m serving.superset.local --name "$$NAME" --port "$$SUPERSET_PORT"

test-browser: $(READY)  ## the report in a headless Chromium; installs it where it may
	@command -v chromium >/dev/null || test "$$(id -u)" != 0 || { apt-get -qq update && apt-get -qq install -y chromium; }
	@$(BIN)/python -m pytest tests/browser -rs

test-readme: $(READY)  ## every command of the README, typed in a fresh clone that sets itself up: most of an hour
	@$(BIN)/python -m pytest tests/readme -rs

check: $(READY)  ## formatting, lint, types, SQL lint, dbt parse, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests
	$(BIN)/python -m serving.warehouse parse
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

fix: $(READY)  ## mend what formatting and lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests

.venv-dlt/installed.stamp: tests/benchmarks/dlt/requirements.lock | $(READY)
	$(call locked,.venv-dlt,$<)

bench: $(READY) .venv-dlt/installed.stamp $(if $(filter spark,$(ONLY)),.venv-spark/installed.stamp)  ## what each stage takes beside one sorted copy of the rows: [SIZE=<millions>] [ONLY=friction|gate|spark]
	@$(BIN)/python -m tests.benchmarks --size "$(SIZE)" --only "$(ONLY)"

bench-incremental: $(READY)  ## what a day of news costs beside a full build, and over four times the history: [SIZE=<millions>]
	@$(BIN)/python -m tests.benchmarks.incremental --size "$(SIZE)"

bench-identity: $(READY)  ## identity from nothing, beside one aggregation over the same edges: [IDENTIFIERS=5000000]
	@$(BIN)/python -m tests.benchmarks.identity --identifiers $(IDENTIFIERS)

propose-links: $(READY)  ## propose who is one person, from names and addresses: PEOPLE=<csv> AT=<time> SOURCES=<folder> [THRESHOLD=]
	@$(BIN)/python -m ingestion.linkage --people "$(PEOPLE)" --at "$$AT" --sources "$$SOURCES" $(if $(THRESHOLD),--threshold $(THRESHOLD))

linkage-report: $(READY)  ## precision and recall of such proposals on labelled people
	@$(BIN)/python -m ingestion.linkage

clean:  ## delete the sample company's state (var/sample) and caches; your own sources and logs stay
	rm -rf var/sample .pytest_cache .mypy_cache .ruff_cache dbt_project/target dbt_project/logs
