"""The tasks of the DAGs that erase and replay, in the outcomes that Airflow knows."""

from datetime import UTC, datetime

from airflow.sdk.exceptions import AirflowFailException

from ingestion.errors import IngestionError
from ingestion.quarantine import Quarantine
from ingestion.record import record
from ingestion.replay import describe, replay
from ingestion.settings import Settings
from ingestion.sources import find
from serving.errors import ServingError


def erase_person(person: str) -> list[str]:
    """Erase the customer behind a keyed hash; a report in counts, a line each."""
    from dags.releasing import named_in_airflow
    from serving import erase, postgres

    try:
        server = postgres.target() or named_in_airflow()
        done = erase.erase(Settings.read(), person, now(), server)
    except (IngestionError, ServingError) as error:
        raise AirflowFailException(str(error)) from error
    return done.lines()


def replay_asked(source: str, customer: str) -> str:
    """Read again one source, one customer, or everything; says what came of it."""
    from serving import warehouse
    from serving.replay import differences

    settings = Settings.read()
    try:
        if source and customer:
            raise AirflowFailException("replay one source, or one customer")
        if source:
            report = record(find(source, settings), settings, now(), again=True)
            return f"{source}: {report.events:,} events that the log did not have"
        if customer:
            found = differences(settings, customer)
            if found:
                raise AirflowFailException(
                    f"the release differs from the log in {len(found)} rows of this customer: "
                    + "; ".join(found[:20])
                )
            return "the release says of this customer what the log says"
        warehouse.delete(settings)
        return "the warehouse is deleted, to be built from the log"
    except (IngestionError, ServingError) as error:
        raise AirflowFailException(str(error)) from error


def replay_what_was_set_aside(source: str) -> list[str]:
    """Replay the quarantine of one source or of all: a line each. One's mistake costs no other."""
    settings = Settings.read()
    quarantine = Quarantine(settings.quarantine)
    names = [source] if source else quarantine.sources()
    said, failed = [], []
    for name in names:
        try:
            said.append(describe(name, replay(find(name, settings), settings, now())))
        except IngestionError as error:
            failed.append(str(error))
    if failed:
        raise AirflowFailException("; ".join([*said, *failed]))
    return said or ["nothing is set aside"]


def now() -> datetime:
    """The log's time, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
