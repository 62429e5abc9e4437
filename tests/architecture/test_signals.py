"""Which record makes which signal is written beside its model, and each signal has one."""

import csv
import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2] / "dbt_project"
FRICTION = PROJECT / "models" / "4_friction"
SOURCES = ("connect", "zendesk", "mail", "segment", "shopify", "queue_tickets", "appointments")
MODELS = (
    *(f"int_{source}_signals" for source in SOURCES),
    "int_care_signals",
    "int_engine_promise_signals",
)
# Seeds whose rows say what a tag or a reason signals.
SEEDS = {"int_zendesk_signals": "ticket_tags", "int_shopify_signals": "shopify_reasons"}
# Made by scoring from a promise's due.
CLOCKS = {"promise.breach", "promise.silence", "promise.late_notice", "interaction.ok"}
# No record of a system that ships tells these: mapped rows may state them.
STATED_ONLY = {"ivr.loop", "promise.exceeded"}


def rows(seed: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{seed}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


CATALOGUE = {row["signal"] for row in rows("friction_catalogue")}


def made_by(model: str) -> set[str]:
    """The signals of the catalogue that a model names, in its SQL or in its seed."""
    named = set(re.findall(r"'([a-z_]+(?:\.[a-z_]+)?)'", (FRICTION / f"{model}.sql").read_text()))
    if model in SEEDS:
        named |= {row["signal"] for row in rows(SEEDS[model])}
    return named & CATALOGUE


def description(model: str) -> str:
    for path in FRICTION.glob("*.yml"):
        for each in yaml.safe_load(path.read_text()).get("models", []):
            if each["name"] == model:
                return each["description"]
    raise AssertionError(f"{model} has no description")


def test_every_signal_of_the_catalogue_is_made_by_some_record_or_stated():
    made = set().union(*(made_by(model) for model in MODELS)) | CLOCKS
    assert CATALOGUE - made == STATED_ONLY
    assert not made & STATED_ONLY


@pytest.mark.parametrize("model", MODELS)
def test_which_record_makes_which_signal_is_written_beside_the_model(model: str):
    said = description(model)
    seed = SEEDS.get(model, "no seed")
    by_seed = {row["signal"] for row in rows(seed)} if seed != "no seed" else set()
    unsaid = {signal for signal in made_by(model) if signal not in said}
    assert not unsaid - by_seed, f"{model}: not in the table of its description"
    assert not unsaid or seed in said
