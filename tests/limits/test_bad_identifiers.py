"""A million records with one placeholder, and identifiers that are none, make nobody one."""

import resource
import time
from datetime import datetime, timedelta
from pathlib import Path

from ingestion.identifiers import Identifiers
from ingestion.quarantine import Quarantine
from tests.warehouse.whole_road import build_log, land, record_all, settings_of

RECORDS = 1_000_000
NOW = datetime(2026, 3, 1)
MEMORY = 8 * 1024**3
MAPPING = """
files: "*.csv"
time_zone: UTC
key: id
identifiers:
  - {type: email, column: mail}
  - {type: phone, column: phone}
  - {type: user_id, column: user}
  - {type: cookie, column: cookie}
interactions:
  - {occurred_at: at, channel: {value: web}, touchpoint: {value: web.page}}
"""
NO_NUMBER = "+12025550100"  # what a form fills in by itself; nobody has listed it
SELECT = (
    "+customer_id_map",
    "+int_blocked_identifiers",
    "+int_identifier_customers",
    "+int_demoted_links",
    "+stg_unusable_identifiers",
    "+rpt_identity_decisions",
)
DECISIONS = "decided_at,decision,type_a,value_a,type_b,value_b,decided_by,reason\n"


def rows() -> str:
    """Half name a mail address of their own; all the one number, the one user and a cookie."""
    day = datetime(2026, 1, 1)
    lines = ["id,at,mail,phone,user,cookie"]
    lines += [
        f"r{n},{day + timedelta(seconds=n)},{f'p{n}@x.example' if n % 2 else ''},{NO_NUMBER},"
        f"anonymous,c{n}"
        for n in range(RECORDS)
    ]
    lines += [
        f"long,{day},{'a' * 10_240}@x.example,,,lone-1",
        f"sentence,{day},please call me back at home,,,lone-2",
        f"letters,{day},,CALL ME NOW,,lone-3",
        f"self,{day},self@x.example,,,lone-4",
    ]
    return "\n".join(lines)


def test_a_million_records_with_the_same_placeholder_make_no_crowd_one_customer(
    tmp_path: Path,
) -> None:
    land(
        tmp_path,
        {
            "crm/mapping.yml": MAPPING,
            "crm/a.csv": rows(),
            "decisions/a.csv": DECISIONS
            + "2026-02-01T09:00:00Z,link,email,self@x.example,email,self@x.example,lead,oneself\n",
        },
    )
    started = time.monotonic()
    record_all(tmp_path, NOW)
    recorded = time.monotonic()
    warehouse = build_log(tmp_path, select=SELECT)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak = max(each.ru_maxrss for each in used) * 1024
    print(
        f"{RECORDS:,} records: {recorded - started:.0f} s through the gate, "
        f"{time.monotonic() - recorded:.0f} s of building who is who; "
        f"peak {peak / 1024**3:.1f} GiB"
    )
    assert peak < MEMORY

    largest, customers = warehouse.execute(
        "select max(members), count(*) from "
        "(select count(*) as members from int_identifier_customers group by customer_id)"
    ).fetchone()
    # A mail address and its cookie.
    assert largest == 2
    assert customers == RECORDS + 4
    settings = settings_of(tmp_path)
    hashes = Identifiers(settings.secret(), settings.default_region)
    nobody = {hash for hash, _ in hashes.read(["phone", "user_id"], [NO_NUMBER, "anonymous"])}
    blocked = dict(
        warehouse.execute("select identifier_hash, reason from int_blocked_identifiers").fetchall()
    )
    assert blocked.keys() == nobody
    assert all(reason.startswith("seen with more than") for reason in blocked.values())
    problems = set(
        warehouse.execute(
            "select identifier_type, problem from stg_unusable_identifiers"
        ).fetchall()
    )
    assert problems >= {
        ("email", "longer than 320 characters"),
        ("email", "not a mail address"),
        ("phone", "letters in a phone number"),
    }
    assert [source for source, *_ in Quarantine(settings.quarantine).counts()] == ["decisions"]
