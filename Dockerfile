# The pipeline's image: the locked environment and the project, run as a user without rights.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/journeys \
    PATH=/opt/journeys/.venv/bin:$PATH \
    AIRFLOW_HOME=/opt/airflow \
    DO_NOT_TRACK=1

WORKDIR /opt/journeys
COPY requirements.lock ./
RUN python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir uv \
    && VIRTUAL_ENV=/opt/journeys/.venv .venv/bin/uv pip sync --no-cache --compile-bytecode --require-hashes requirements.lock

COPY ingestion ingestion
COPY expectations expectations
COPY dbt_project dbt_project
COPY serving serving
COPY dags dags

RUN useradd --uid 50000 --create-home airflow \
    && mkdir -p /opt/airflow /var/lib/journeys \
    && chown airflow /opt/airflow /var/lib/journeys
USER airflow
CMD ["airflow", "version"]
