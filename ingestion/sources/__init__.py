"""The sources that ship, one module a system of record, and the mapped ones found in landing."""

from collections.abc import Mapping
from importlib import import_module

from ingestion.settings import Settings
from ingestion.source import Source

MODULES: Mapping[str, str] = {
    "connect": "phone.connect",
    "zendesk": "email.zendesk",
    "mail": "email.mail",
    "sendgrid": "email.sendgrid",
    "segment": "web.segment",
    "shopify": "store.shopify",
    "queue_tickets": "store.queue_tickets",
    "appointments": "store.appointments",
    "decisions": "decisions",
}


def find(name: str, settings: Settings) -> Source:
    """The source `name`. Raises KeyError for one that neither ships nor is mapped."""
    if name in MODULES:
        made = getattr(import_module(f"ingestion.sources.{MODULES[name]}"), name.upper())
        return made(settings) if callable(made) else made
    from ingestion.sources.mapped import mapped_source

    return mapped_source(name, settings)


def all_sources(settings: Settings) -> dict[str, Source]:
    """The sources that ship, then those described by a mapping in the landing folder, by name."""
    from ingestion.sources.mapped import mapped_names

    return {name: find(name, settings) for name in (*MODULES, *mapped_names(settings))}
