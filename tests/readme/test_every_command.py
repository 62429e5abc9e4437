"""Every command of the README, typed as it stands, in a fresh clone that sets itself up.

Nothing is rehearsed: each command is run by a shell, in the order in which a newcomer could type
them, and has to end well and say what it promises. The sample company is small. The commands that
run tests are told by PYTEST_ADDOPTS to run a few: whoever runs this runs the rest as well.
"""

import os
import re
import shlex
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.end_to_end.readme import commands, mapped_example, stand_ins
from tests.loopback import free_port
from tests.postgres.conftest import port, url

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 3600  # seconds for one command: environments are set up, and machines are shared
__all__ = ["port", "url"]  # the server for `export JOURNEYS_POSTGRES=…`


@dataclass(frozen=True)
class Typed:
    """A command, what its output must hold (a regular expression), and what it is typed with."""

    command: str
    says: str
    typed_in: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    ends: tuple[int, ...] = (0,)  # make ends with 2 where a measurement is above its limit


# Of all the tests, these: whoever runs this has run the others, or will.
FEW = "test_times or test_personal_data or test_flow"
PLAN = (
    Typed("make", r"make run .*files to published release"),
    Typed("make run", r"customers, .* journeys.*\n(.*\n)*checks .*data_docs/index.html"),
    Typed("make run", r"Nothing new"),
    Typed("make check-mapping FILE=exports/repairs/mapping.yml", r"1 rows read, 0 would be set"),
    Typed("make run SOURCES=/data/exports", r"repairs +1 events(.*\n)*.*1 customers, 1 journeys"),
    Typed("make status", r"dim_customers"),
    Typed("make sql", r"fct_promises(.*\n)*.*\[days\]", ".tables\n.describe fct_promises\n"),
    Typed(
        'make sql QUERY="select level, count(*) as customers from dim_customers group by level" '
        "FORMAT=csv",
        r"level,customers\n",
    ),
    Typed("make explain CUSTOMER=email:ann@example.org", r"Customer [0-9a-f]{32}(.*\n)*.*Journey"),
    Typed("make explain JOURNEY=<journey_id>", r"Journey [0-9a-f]{32}(.*\n)*.*What happened"),
    Typed("make explain PROMISE=<promise_id>", r"Promise .*, as of"),
    Typed("make score AT=2026-03-31T18:00:00Z", r"customer_id,"),
    Typed("make metric", r"promise_keep_rate"),
    Typed("make metric METRIC=promise_keep_rate,silent_days BY=promise__kind", r"delivery"),
    Typed("make docs", r"var/sample/docs/index.html"),
    Typed("make linkage-report", r"precision"),
    Typed(
        "make propose-links PEOPLE=people.csv AT=2026-03-01T09:00:00Z SOURCES=/data/exports", r""
    ),
    Typed("make fix", r"All checks passed"),
    Typed("make check", r"Contracts: \d+ kept, 0 broken"),
    Typed("make test", r"\d+ passed", environment={"PYTEST_ADDOPTS": f"-k '{FEW}'"}),
    Typed("make test-architecture", r"\d+ passed"),
    Typed("make bench", r"friction", environment={"SIZE": "0.02"}),
    Typed("make bench-incremental", r"slice +nothing", environment={"SIZE": "0.01"}, ends=(0, 2)),
    Typed("make bench-identity", r"ratio +\d", environment={"IDENTIFIERS": "20000"}, ends=(0, 2)),
    Typed("make compare KNOWN_AT=2026-03-31", r"\w+,\w+"),
    Typed("make quarantine-replay", r"connect"),
    Typed("make replay CUSTOMER=email:ann@example.org", r"what the log says"),
    Typed("make replay SOURCE=connect", r""),
    Typed("make replay", r""),
    Typed("make erase PERSON=email:ann@example.org", r"event"),
    Typed("make up", r"http://127.0.0.1:\d+"),
    Typed("make down", r""),
    Typed("make up NAME=main SOURCES=/data/exports", r"http://127.0.0.1:\d+"),
    Typed("make down NAME=main", r""),
    Typed("make rebuild", r"deleted .*warehouse.duckdb"),
    Typed("make test-old-client", r"\d+ passed"),
    Typed("make test-browser", r"\d+ passed", environment={"PYTEST_ADDOPTS": "-k 'not hundred'"}),
    Typed("make test-postgres", r"\d+ passed"),
    Typed("make test-limits", r"\d+ passed"),
    Typed("make test-store", r"\d+ passed"),
    Typed("export JOURNEYS_POSTGRES=postgresql://user:password@host/database", r"PostgreSQL"),
    Typed("make test-superset", r"\d+ passed"),
    Typed("make superset", r"http://127.0.0.1:\d+/superset/dashboard/journeys/"),
    Typed("make clean", r"rm -rf var/sample"),
)
LEFT_RUNNING = {"make superset"}


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would clone if all were committed: no environment, no state, no cache."""
    folder = tmp_path_factory.mktemp("clone") / "journeys"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(folder)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, listed)):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((REPOSITORY / name).read_bytes())
        else:
            (folder / name).unlink(missing_ok=True)
    mapped_example(folder / "exports", 0)
    (folder / "people.csv").write_text(PEOPLE)
    return folder


PEOPLE = """\
identifier_type,identifier_value,given_name,surname,address,suburb,postcode,date_of_birth
email,ann@example.org,Ann,Field,1 High Street,Leeds,LS1,1980-02-03
phone,+12025550143,Ann,Field,1 High Street,Leeds,LS1,1980-02-03
email,bob@example.org,Bob,Moor,9 Low Road,York,YO1,1971-05-06
"""


@pytest.fixture(scope="session")
def environment(clone: Path) -> dict[str, str]:
    """What a newcomer's shell has, a smaller sample, and ports that are free."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"JOURNEYS_|AIRFLOW|PYTEST|PYTHON|VIRTUAL_ENV|MAKE|MFLAGS", name)
    }
    return kept | {
        "JOURNEYS_SAMPLE_SIZE": "40",
        "PORT": str(free_port()),
        "SUPERSET_PORT": str(free_port()),
    }


@pytest.mark.parametrize("typed", PLAN, ids=[typed.command for typed in PLAN])
def test_the_command_does_what_the_readme_says(
    typed: Typed, clone: Path, environment: dict[str, str], request: pytest.FixtureRequest
):
    command = typed.command.replace("/data/exports", shlex.quote(str(clone / "exports")))
    if "<" in command or "ann@example.org" in command:
        for example, real in stand_ins(clone / "var" / "sample").items():
            command = command.replace(example, real)
    if command.startswith("export "):
        server: Callable[[str], str] = request.getfixturevalue("url")
        command = f"export JOURNEYS_POSTGRES={shlex.quote(server('owner'))}\nmake run"
    running = subprocess.Popen(
        ["bash", "-ec", command],
        cwd=clone,
        env=environment | typed.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    if typed.command in LEFT_RUNNING:
        said = answered(running)
    else:
        said, _ = running.communicate(typed.typed_in, timeout=PATIENCE)
        assert running.returncode in typed.ends, said[-5000:]
    assert re.search(typed.says, said), said[-5000:]
    assert "Traceback" not in said
    if typed.command == "make fix":
        changed = subprocess.run(
            ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
        ).stdout
        ours = subprocess.run(
            ["git", "status", "--porcelain"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert set(changed.split()) <= {*ours.split(), "exports/", "people.csv", "M", "??"}
    if typed.command == "make clean":
        assert not (clone / "var" / "sample").exists() and (clone / "var" / "main").exists()


def answered(running: subprocess.Popen) -> str:
    """What a server says until its page answers; then it is ended as Ctrl-C ends it."""
    said = ""
    assert running.stdout is not None
    for line in running.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    found = re.search(r"http://[\d.:]+", said)
    assert found, said[-5000:]
    until = time.monotonic() + 300
    try:
        while True:
            try:
                with urllib.request.urlopen(f"{found.group()}/health", timeout=10) as page:
                    assert page.status == 200
                return said
            except OSError:
                assert time.monotonic() < until and running.poll() is None, said[-5000:]
                time.sleep(1)
    finally:
        os.killpg(running.pid, signal.SIGINT)
        running.wait(timeout=60)


def test_no_command_of_the_readme_is_left_out():
    assert set(commands()) == {typed.command for typed in PLAN} - {"make down NAME=main"}
