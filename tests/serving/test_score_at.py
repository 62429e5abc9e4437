"""The score at any instant, from a release made by hand of a few exact integers."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from serving import score_at

BEGINS = datetime(1970, 1, 1) + timedelta(hours=336 * 32 * 40)  # an epoch of the base half-life
HALF_LIFE = timedelta(hours=336)
COLUMNS = (
    "customer_id varchar, signal_number bigint, occurred_at timestamp, friction_micro bigint, "
    "credit_micro bigint, half_life varchar, decay_epoch bigint, decay_weight bigint"
)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release in which ann has 8 points of friction, then 1 of credit; a breach is to come."""
    monkeypatch.setenv("JOURNEYS_PUBLISHED", str(tmp_path))
    folder = tmp_path / "current"
    folder.mkdir()
    with duckdb.connect(str(folder / "journeys.duckdb")) as connection:
        connection.execute(f"create table fct_scores ({COLUMNS}, rule_version varchar)")
        connection.execute(f"create table rpt_signals_due ({COLUMNS})")
        rows = [
            ("ann", 1, BEGINS, 8_000_000, 0, "base", 40, 2**30, "1.0.0"),
            ("ann", 2, BEGINS + HALF_LIFE, 0, 1_000_000, "base", 40, 2**31, "1.0.0"),
        ]
        connection.executemany(f"insert into fct_scores values ({', '.join('?' * 9)})", rows)
        due = ("ann", 3, BEGINS + 2 * HALF_LIFE, 4_000_000, 0, "base", 40, 2**32)
        connection.execute(f"insert into rpt_signals_due values ({', '.join('?' * 8)})", due)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], at: datetime) -> list[str]:
    assert score_at.main(["--at", f"{at.isoformat()}Z"]) == 0
    return capsys.readouterr().out.splitlines()


def test_friction_halves_in_a_half_life_and_credit_counts_when_it_is_there(published, capsys):
    assert printed(capsys, BEGINS) == [
        "customer_id,friction,peak,end,credit_balance,credit_applied,score,level,rfs",
        "ann,8.0,8.0,8.0,0.0,0.0,8.0,1,14.0",
    ]
    assert printed(capsys, BEGINS + HALF_LIFE)[1] == "ann,4.0,4.0,0.0,1.0,1.0,3.0,0,5.0"


def test_after_the_release_promises_fall_due(published, capsys):
    assert printed(capsys, BEGINS + 2 * HALF_LIFE)[1] == "ann,6.0,4.0,4.0,0.5,0.5,5.5,1,8.5"


def test_an_epoch_later_the_sum_goes_on_where_it_was(published, capsys):
    last, first = (
        [float(cell) for cell in printed(capsys, at)[1].split(",")[1:]]
        for at in (BEGINS + 31 * HALF_LIFE, BEGINS + 32 * HALF_LIFE)
    )
    assert first[0] == pytest.approx(last[0] / 2, rel=1e-6)


def test_before_anything_happened_there_is_no_row(published, capsys):
    assert len(printed(capsys, BEGINS - timedelta(seconds=1))) == 1


def test_a_time_without_a_zone_is_refused(published, capsys):
    assert score_at.main(["--at", "2026-03-01T09:00:00"]) == 1
    assert "no time zone" in capsys.readouterr().err


def test_without_a_release_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JOURNEYS_PUBLISHED", str(tmp_path))
    assert score_at.main(["--at", "2026-03-01T09:00:00Z"]) == 1
    assert "nothing is published" in capsys.readouterr().err
