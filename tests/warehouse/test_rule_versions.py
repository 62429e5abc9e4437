"""Two rule versions side by side: each scores by its own numbers, and neither changes the other."""

from datetime import datetime

import duckdb
import pytest

from serving.warehouse import PROJECT
from tests.warehouse.oracle import Signal
from tests.warehouse.scored_warehouse import SEEDS

AS_OF = datetime(2026, 3, 10)
SIGNALS = [
    Signal(
        customer_id="ann",
        occurred_at=datetime(2026, 3, day, 9),
        record_key=f"{day:02}",
        source="crm",
        signal_position=0,
        channel="phone",
        touchpoint="phone.service",
        signal="contact.problem",
        issue_id="order:1",
    )
    for day in (1, 2, 9)
]


def version_two() -> dict[str, str]:
    """The seeds' rows as version 2.0.0: a contact weighs 2.5, and repeats count for 3 days."""
    rules = {}
    for seed in SEEDS:
        header, *lines = (PROJECT / "seeds" / f"{seed}.csv").read_text().splitlines()
        if header.startswith("rule_version"):
            copied = [line.replace("1.0.0,", "2.0.0,", 1) for line in lines]
            rules[seed] = "\n".join([header, *copied]) + "\n"
    changed = {
        "friction_catalogue": (
            "2.0.0,contact.problem,unit,2000,",
            "2.0.0,contact.problem,unit,2500,",
        ),
        "friction_params": ("2.0.0,repeat_window_days,30", "2.0.0,repeat_window_days,3"),
    }
    for seed, (old, new) in changed.items():
        assert old in rules[seed]
        rules[seed] = rules[seed].replace(old, new)
    return rules


@pytest.mark.parametrize(
    ("version", "points"),
    [
        ("1.0.0", [("base", 2.0), ("base", 2.0), ("repeat", 1.0), ("base", 2.0), ("repeat", 2.0)]),
        ("2.0.0", [("base", 2.5), ("base", 2.5), ("repeat", 1.25), ("base", 2.5)]),
    ],
)
def test_each_version_scores_by_its_own_numbers(scored, version, points):
    warehouse = scored(SIGNALS, AS_OF, rule_version=version, extra_rules=version_two())
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        ledger = connection.execute(
            "select part, cast(points as double), rule_version from fct_friction "
            "order by occurred_at, part"
        ).fetchall()
    assert [line[:2] for line in ledger] == points
    assert {line[2] for line in ledger} == {version}
