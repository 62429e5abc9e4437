"""A laptop cover that does not fit, three times: the surprise becomes the expectation."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.oracle import Signal
from tests.warehouse.scored_warehouse import score_signals


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    """Twice the money back at once and the cover kept; then it must be sent back first."""
    signals = []
    for month, measure, was_kept in ((3, 0, True), (4, 0, True), (5, 432000, False)):
        refund = Signal(
            customer_id="ann",
            occurred_at=datetime(2026, month, 6, 9, 10),
            record_key=f"refund-{month}",
            source="shop",
            signal_position=0,
            channel="phone",
            touchpoint="refund",
            signal="refund.latency",
            issue_id=f"order:{month}",
            measure=measure,
        )
        signals.append(refund)
        if was_kept:
            signals.append(
                Signal(
                    customer_id="ann",
                    occurred_at=refund.occurred_at,
                    record_key=refund.record_key,
                    source="shop",
                    signal_position=1,
                    channel="phone",
                    touchpoint="refund",
                    signal="recovery.no_return",
                    issue_id=refund.issue_id,
                )
            )
    return score_signals(tmp_path_factory.mktemp("surprise"), signals, datetime(2026, 6, 1))


def verdicts(warehouse: Path, outcome: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select expected, actual, verdict, expected_from from rpt_expectations "
            "where outcome = $outcome order by occurred_at",
            {"outcome": outcome},
        ).fetchall()


def test_keeping_the_item_is_a_surprise_once_then_expected_then_missed(warehouse):
    assert verdicts(warehouse, "recovery.no_return") == [
        (0, 1, "exceeded", "standard"),
        (1, 1, "met", "own history"),
        (1, 0, "unmet", "own history"),
    ]


def test_a_refund_within_the_standard_is_late_for_whom_it_was_instant(warehouse):
    assert verdicts(warehouse, "refund.latency") == [
        (432000, 86400, "exceeded", "standard"),
        (259200, 86400, "exceeded", "own history"),
        (172800, 432000, "unmet", "own history"),
    ]
