"""The warehouse DAG's steps for one task each, in the outcomes that Airflow knows."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import Connection
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

from ingestion.errors import IngestionError
from ingestion.event_log import EventLog
from ingestion.quarantine import Quarantine
from ingestion.settings import Settings
from ingestion.sources import find
from serving import postgres, publish, warehouse
from serving.errors import AuditFailed, ServingError
from serving.marts import marts
from serving.times import utc

if TYPE_CHECKING:
    from expectations.data_docs.site import Entered

# The Airflow connection that names a PostgreSQL server, where the environment does not.
CONNECTION = "journeys_postgres"
# Of so many audits, failed ones too, the data docs are kept.
KEPT_AUDITS = 10


def build_if_changed(as_of: str, known_at: str) -> str:
    """Build the warehouse and name the build; skip when the current release is of the same."""
    settings = Settings.read()
    with mistakes_fail_at_once():
        times = (utc(as_of, "as_of"), utc(known_at, "known_at"))
        # A warehouse that was deleted is built again, though its release stands.
        if warehouse.last_build(settings) and publish.is_current(
            settings, warehouse.fingerprint_of(settings, *times)
        ):
            raise AirflowSkipException("the current release is of this log, these times and rules")
        return warehouse.build(settings, *times).build_id


def audit_build(build_id: str) -> dict[str, str | int]:
    """Hold the build against what is expected of published tables; fail where it falls short."""
    from expectations import published
    from expectations.audit import audit
    from expectations.data_docs import site

    settings = Settings.read()
    with mistakes_fail_at_once(), warehouse.sole_writer(settings):
        publish.require_build(settings, build_id)
        tables = marts(settings)
        relations = {mart.name: mart.relation for mart in tables}
        suites = published.suites({mart.name: mart.text_columns() for mart in tables})
        held = audit(settings.warehouse, relations, suites, settings.memory_limit)
        docs = publish.data_docs(settings, build_id)
        came_in = entered(settings)
        doors = suites_of(settings, [each.source for each in came_in])
        site.write(docs, held.results, build_id, came_in, doors)
        drop_old_docs(docs)
        failed = [check for check in held.checks if not check.passed]
        if failed:
            said = "; ".join(
                f"{check.table}: {check.reason or check.expectation} ({check.observed})"
                for check in failed[:5]
            )
            raise AuditFailed(
                f"{len(failed)} of {len(held.checks)} expectations failed, so nothing is "
                f"published: {said} (all in {docs / 'index.html'})"
            )
        return {"build_id": build_id, "passed": len(held.checks)}


def drop_old_docs(newest: Path) -> None:
    """Delete the data docs of all but the last audits; releases have copies of their own."""
    kept = sorted(path for path in newest.parent.iterdir() if path.is_dir())
    for path in kept[:-KEPT_AUDITS]:
        shutil.rmtree(path)


def entered(settings: Settings) -> list["Entered"]:
    """What came through the door into the log, and what was set aside there, by source."""
    from expectations.data_docs.site import Entered

    events = Counter[str]()
    for header in EventLog(settings.log).headers():
        events[header.source] += header.events
    refused = Quarantine(settings.quarantine).counts()
    return [
        Entered(
            source,
            events[source],
            [(why, reason, n) for (name, why, reason), n in refused.items() if name == source],
        )
        for source in sorted({*events, *(name for name, _, _ in refused)})
    ]


def publish_build(checks: dict[str, str | int]) -> str:
    """Publish the audited build as a release and name it."""
    with mistakes_fail_at_once():
        build_id, passed = str(checks["build_id"]), int(checks["passed"])
        return publish.publish(Settings.read(), build_id, passed).release_id


def release_to_postgres() -> None:
    """Bring the current release to the server that is named; skip when none is, or it has it.

    A server that cannot be reached may be there at the next try: its failures are retried.
    """
    url = postgres.target() or named_in_airflow()
    if url is None:
        raise AirflowSkipException(
            f"no server is named: neither {postgres.SETTING} nor the connection {CONNECTION}"
        )
    folder = publish.current(Settings.read())
    if postgres.published(url) == folder.name:
        raise AirflowSkipException("the server holds the current release")
    postgres.publish(url, folder)


def named_in_airflow() -> str | None:
    """The URL of the server in Airflow's connections; None where there is none."""
    try:
        connection = Connection.get(CONNECTION)
    except AirflowNotFoundException:
        return None
    scheme, colon, rest = connection.get_uri().partition(":")
    return f"postgresql{colon}{rest}" if scheme == "postgres" else connection.get_uri()


def write_report(release_id: str) -> None:
    """Write the page of the release."""
    from serving.report.page import write

    with mistakes_fail_at_once():
        write(Settings.read(), release_id)


def suites_of(settings: Settings, sources: Sequence[str]) -> dict[str, list]:
    """The suites against which records of these sources are held, by source and record type.

    A source that is no longer there, or whose mapping cannot be read, has none: it fails where it
    is read, not here.
    """
    from expectations.envelope import SUITE

    found = {"envelope": list(SUITE)}
    for source in sources:
        with suppress(KeyError, IngestionError):
            for record, suite in find(source, settings).suites().items():
                found[f"{source}.{record}"] = list(suite)
    return {name: suite for name, suite in found.items() if suite}


@contextmanager
def mistakes_fail_at_once() -> Iterator[None]:
    """What data or rules got wrong does not heal by waiting: fail the task without retries."""
    try:
        yield
    except ServingError as error:
        raise AirflowFailException(str(error)) from error
