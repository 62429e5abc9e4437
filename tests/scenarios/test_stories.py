"""Two stories worked out by hand: ledger lines to the micro-point, scores to 4 decimals."""

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from serving.score_at import scores_at
from tests.warehouse.oracle import Signal
from tests.warehouse.scored_warehouse import score_signals

STORIES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "stories").glob("*.json"))
}
PARTS = ("base", "repeat", "switch", "phase", "credit")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    """All stories in one warehouse, as of the last checkpoint of any."""
    signals = [
        signal_of(name, number, event)
        for name, story in STORIES.items()
        for number, event in enumerate(story["events"])
    ]
    as_of = max(
        time_of(checkpoint["as_of"])
        for story in STORIES.values()
        for checkpoint in story["expected_scores"]
    )
    return score_signals(tmp_path_factory.mktemp("stories"), signals, as_of)


def signal_of(story: str, number: int, event: dict) -> Signal:
    """An event of a story; those without an id are numbered in file order."""
    channel = event.get("channel")
    return Signal(
        customer_id=event["customer"],
        occurred_at=time_of(event["occurred_at"]),
        record_key=event.get("event_id", f"{number:06}"),
        source=story,
        signal_position=0,
        channel=channel,
        touchpoint=event["touchpoint"],
        signal=event["signal"],
        issue_id=event.get("issue"),
        phase=event.get("phase"),
        is_moment_of_truth=event.get("moment_of_truth", False),
        is_context_carried=event.get("context_carried", False),
        measure=event.get("measure"),
        promise_id=event.get("promise_id"),
        due_at=time_of(event["due_at"]) if "due_at" in event else None,
        ends_silence=channel is not None and event["signal"] != "promise.made",
    )


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def micro(points: float) -> int:
    return round(points * 1_000_000)


@pytest.mark.parametrize("name", STORIES)
def test_every_ledger_line_is_right_to_the_micro_point(warehouse, name):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        got = connection.execute(
            f"""
            select
                customer_id, occurred_at, signal, half_life, severity_micro, expectation_256,
                {
                ", ".join(
                    f"coalesce(sum(case when part = '{part}' then points_micro end), 0)"
                    for part in PARTS
                )
            }
            from fct_friction where source = $name
            group by 1, 2, 3, 4, 5, 6, source_key
            order by all
            """,
            {"name": name},
        ).fetchall()
    wanted = sorted(
        (
            line["customer"],
            time_of(line["occurred_at"]),
            line["signal"],
            line["half_life"],
            micro(line["severity"]),
            None if line["expectation"] is None else round(line["expectation"] * 256),
            *(micro(line[f"{part}_fp"]) for part in PARTS),
        )
        for line in STORIES[name]["expected_ledger"]
    )
    assert got == wanted


@pytest.mark.parametrize(
    ("name", "as_of"),
    [
        (name, as_of)
        for name, story in STORIES.items()
        for as_of in dict.fromkeys(line["as_of"] for line in story["expected_scores"])
    ],
)
def test_every_score_is_right_to_four_decimals(warehouse, name, as_of):
    wanted = {
        line["customer"]: line
        for line in STORIES[name]["expected_scores"]
        if line["as_of"] == as_of
    }
    customers = {event["customer"] for event in STORIES[name]["events"]}
    got = {row[0]: row[1:] for row in scores_at(warehouse, time_of(as_of)) if row[0] in customers}
    assert set(got) == set(wanted)
    names = ("friction", "peak", "end", "credit_balance", "credit_applied", "score")
    for customer, line in wanted.items():
        *points, level, _ = got[customer]
        assert [round(value, 4) for value in points] == [line[name] for name in names]
        assert level == line["level"]


@pytest.mark.parametrize("name", STORIES)
def test_the_score_after_an_event_is_that_of_its_checkpoint(warehouse, name):
    """Where no other event shares the instant, fct_scores says the same as the score at it."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        after = {
            (customer, occurred_at): round(score, 4)
            for customer, occurred_at, score in connection.execute(
                "select customer_id, occurred_at, max_by(score, signal_number) "
                "from fct_scores group by all"
            ).fetchall()
        }
    checkpoints = [
        (after[line["customer"], time_of(line["as_of"])], line["score"])
        for line in STORIES[name]["expected_scores"]
        if (line["customer"], time_of(line["as_of"])) in after
    ]
    assert len(checkpoints) > 4
    assert all(got == wanted for got, wanted in checkpoints)
