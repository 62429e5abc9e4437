"""A decision on the whole road: from the row of a file to who is who, and back."""

from datetime import datetime
from pathlib import Path

from tests.warehouse.built_warehouse import build
from tests.warehouse.whole_road import land, record_all

SLIPS = (
    "ticket_no,location_id,service,taken_at,called_at,served_at,ended_at,outcome,phone,loyalty_id\n"
    "1,milan,desk,2026-03-01T09:00:00Z,,,,,202-555-0143,L-1\n"
    "2,milan,desk,2026-03-01T09:10:00Z,,,,,202-555-0144,L-2\n"
)
DECIDED = """decided_at,decision,type_a,value_a,type_b,value_b,decided_by,reason
2026-09-01T09:00:00Z,unlink,phone,+1 202 555 0143,loyalty_id,L-1,support_lead,a borrowed card
2026-09-01T09:01:00Z,link,phone,+12025550143,loyalty_id,L-2,support_lead,her card
2026-09-01T09:02:00Z,link,phone,+12025550143,phone,(202) 555-0143,support_lead,to itself
"""


def test_a_decision_taken_months_later_holds_and_moves_no_clock(tmp_path: Path):
    land(tmp_path, {"queue_tickets/slips.csv": SLIPS, "decisions/2026.csv": DECIDED})
    record_all(tmp_path, datetime(2026, 9, 2))
    warehouse = build(
        tmp_path, ["+rpt_identity_decisions", "+rpt_demoted_links", "+int_identifier_customers"]
    )

    states = warehouse.execute("select decision, state from rpt_identity_decisions order by 1")
    assert states.fetchall() == [("link", "holds"), ("unlink", "holds")]
    customers = warehouse.execute(
        "select list(identifier_type order by identifier_type) from int_identifier_customers "
        "group by customer_id order by 1"
    )
    assert customers.fetchall() == [(["loyalty_id"],), (["loyalty_id", "phone", "phone"],)]
    reasons = warehouse.execute("select reason from rpt_demoted_links").fetchall()
    assert reasons == [("a decision holds them apart",)]
    (as_of,) = warehouse.execute("select as_of from stg_run").fetchone()
    assert as_of == datetime(2026, 3, 1, 9, 10)
