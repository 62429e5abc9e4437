"""The whole road with everything in a store: drop, record, build, publish, read, erase, rebuild.

The same company in folders is what it is held against, table by table.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving import erase, publish
from tests.store.company import FIRST, SECOND, THIRD, differences, export, is_late, land, run
from tests.store.server import StoreServer

REPOSITORY = Path(__file__).parents[2]
PLACES = ("LANDING", "LOG", "QUARANTINE", "PUBLISHED")


@dataclass(frozen=True)
class State:
    """One state and the environment that names it."""

    environment: dict[str, str]
    settings: Settings

    def command(self, module: str, *arguments: str) -> str:
        """What a command says of this state."""
        done = subprocess.run(
            [sys.executable, "-m", module, "--name", "test", *arguments],
            env={**os.environ, **self.environment, "PYTHONPATH": str(REPOSITORY)},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def states(
    server: StoreServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], State]]:
    """states(name, bucket): a state whose own folder is `name`, and whose places, where `bucket`
    is given, are in that bucket."""
    folder = tmp_path_factory.mktemp("road")
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("JOURNEYS_")]:
            patched.delenv(name)

        def state(name: str, bucket: str) -> State:
            environment = {
                "JOURNEYS_ROOT": str(folder / name),
                "JOURNEYS_SECRET": "a secret of the tests",
                "JOURNEYS_OWN_DOMAINS": "company.example",
                "JOURNEYS_STORE_ZONE": "Europe/London",
            }
            if bucket:
                environment |= {f"JOURNEYS_{name}": f"{bucket}/{name.lower()}" for name in PLACES}
            with pytest.MonkeyPatch.context() as within:
                for key, value in environment.items():
                    within.setenv(key, value)
                settings = Settings.read("test")
            patched.setenv("JOURNEYS_SECRET", environment["JOURNEYS_SECRET"])
            settings.root.mkdir(exist_ok=True)
            return State(environment, settings)

        yield state


def test_a_company_in_a_store_is_the_same_company(
    states: Callable[[str, str], State], server: StoreServer, tmp_path: Path
):
    export(tmp_path)
    bucket = server.bucket()
    folder, store = states("folder", ""), states("machine1", bucket)
    for state in (folder, store):
        land(state.settings, tmp_path, lambda path: not is_late(path))
        assert run(state.settings, FIRST).scope == "full"
    assert differences(folder.settings, store.settings) == []

    # one more file: a slice of the news
    for state in (folder, store):
        land(state.settings, tmp_path, is_late)
        assert run(state.settings, SECOND).scope == "slice"
    assert differences(folder.settings, store.settings) == []

    # what people type
    assert bucket in store.command("serving.status") and "up to the log" in store.command(
        "serving.status"
    )
    who = "select customer_id from dim_customers order by score desc, customer_id limit 1"
    said = store.command("serving.sql", "--query", who, "--format", "csv")
    assert said == folder.command("serving.sql", "--query", who, "--format", "csv")
    customer = said.split()[1]
    assert store.command("serving.explain", "--customer", customer) == folder.command(
        "serving.explain", "--customer", customer
    )
    assert (publish.current(store.settings) / "report.html").exists()

    # a person is erased, from both
    before = [batch.key for batch in EventLog(store.settings.log).batches()]
    for state in (folder, store):
        done = erase.erase(state.settings, customer, THIRD)
        assert done.swept.events_removed > 0 and done.releases == 2 and done.swept.landing_files > 0
        assert run(state.settings, THIRD).scope == "full"
    assert differences(folder.settings, store.settings) == []
    assert [batch.key for batch in EventLog(store.settings.log).batches()] == before
    for release in publish.releases(store.settings):
        with duckdb.connect(release / "journeys.duckdb", read_only=True) as connection:
            assert connection.execute(
                "select count(*) from dim_customers where customer_id = ?", [customer]
            ).fetchone() == (0,)

    # another machine: nothing but the store, and the same release from it
    fresh = states("machine2", bucket)
    assert differences(folder.settings, fresh.settings) == []
    assert run(fresh.settings, THIRD).scope == "full"
    assert differences(folder.settings, fresh.settings) == []
    assert len(publish.kept(fresh.settings)) == 3
