"""Opens the current release and has the story told that was asked for."""

import duckdb

from ingestion.settings import Settings
from serving import publish
from serving.explain import customer, journey, promise
from serving.explain.parts import Release

STORIES = {"customer": customer.story, "journey": journey.story, "promise": promise.story}


def explain(settings: Settings, kind: str, asked: str) -> list[str]:
    """The story of a customer, a journey or a promise as lines of text.

    `kind` is a key of STORIES; `asked` an id, for a customer also `<type>:<value>`. Raises
    NotFound, with a hint, where the release knows nothing by that name; the value of an
    identifier is not repeated.
    """
    folder = publish.current(settings)
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        return STORIES[kind](
            Release(connection, settings, publish.read_release(folder).as_of), asked
        )
