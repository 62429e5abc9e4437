"""The sample company: the same every time, in every format, and as its truth says."""

import csv
import gzip
import hashlib
import json
import mailbox
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sample_company import clickstream
from tests.sample_company.company import simulate
from tests.sample_company.people import SWITCHBOARD, TELEPHONES, telephone

END = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
SIZE, MONTHS, SEED = 260, 3, 7


@dataclass(frozen=True)
class Exported:
    """A landing folder and its truth."""

    landing: Path
    truth: dict

    def lines(self, pattern: str) -> Iterator[dict]:
        """The JSON records of the line files of a source; broken lines are passed over."""
        for path in sorted(self.landing.glob(pattern)):
            opener = gzip.open if path.suffix == ".gz" else open
            with opener(path, "rt") as file:
                for line in file:
                    try:
                        yield json.loads(line)
                    except ValueError:
                        continue

    def records(self, key: str) -> Iterator[dict]:
        """The records under `key` of Zendesk's pages."""
        for page in self.lines("zendesk/*"):
            yield from page.get(key, ())

    def rows(self, source: str) -> list[dict]:
        """The rows of a source's CSV files."""
        rows: list[dict] = []
        for path in sorted(self.landing.glob(f"{source}/*.csv")):
            with path.open(newline="") as file:
                rows += csv.DictReader(file)
        return rows


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    root = tmp_path_factory.mktemp("sample")
    simulate(root / "landing", root / "truth.json", SIZE, MONTHS, SEED, END)
    return Exported(root / "landing", json.loads((root / "truth.json").read_text()))


def test_the_same_arguments_give_the_same_bytes(exported: Exported, tmp_path: Path) -> None:
    simulate(tmp_path / "again", tmp_path / "truth.json", SIZE, MONTHS, SEED, END)
    assert digests(tmp_path / "again") == digests(exported.landing)
    assert json.loads((tmp_path / "truth.json").read_text()) == exported.truth


def test_another_seed_is_another_company(exported: Exported, tmp_path: Path) -> None:
    simulate(tmp_path / "other", None, SIZE, MONTHS, SEED + 1, END)
    assert digests(tmp_path / "other") != digests(exported.landing)


def test_every_system_exports_every_month_in_its_own_format(exported: Exported) -> None:
    names = {path.relative_to(exported.landing).as_posix() for path in files(exported.landing)}
    assert {
        "connect/2026-04.ndjson.gz",
        "connect/2026-05.ndjson",
        "connect/late.ndjson",
        "zendesk/tickets-2026-04.ndjson",
        "zendesk/ticket_audits-2026-04.ndjson",
        "zendesk/ticket_metric_events-2026-04.ndjson",
        "zendesk/users-2026-04.ndjson",
        "zendesk/satisfaction_ratings-2026-04.ndjson",
        "mail/care.mbox",
        "sendgrid/2026-04.ndjson",
        "sendgrid/webhook.json",
        "segment/2026-06.ndjson.gz",
        "segment/late.ndjson",
        "shopify/2026-06/orders.jsonl",
        "shopify/2026-06/fulfillment_orders.jsonl",
        "shopify/2026-06/refunds.jsonl",
        "shopify/2026-06/returns.jsonl",
        "queue_tickets/2026-06.csv",
        "appointments/2026-06.csv",
    } <= names
    assert any(name.startswith("mail/returns/cur/") for name in names)
    assert set(exported.truth["files"]) == names
    assert isinstance(json.loads((exported.landing / "sendgrid/webhook.json").read_text()), list)


def test_a_month_before_april_is_a_page_in_one_document(tmp_path: Path) -> None:
    simulate(tmp_path, None, 40, 4, SEED, END)
    page = json.loads((tmp_path / "zendesk/tickets-2026-03.json").read_text())
    assert set(page) == {"tickets", "after_cursor", "end_of_stream"}


def test_both_mailboxes_are_read_by_the_standard_library(exported: Exported) -> None:
    care = list(mailbox.mbox(exported.landing / "mail/care.mbox"))
    # mailbox.Maildir wants folders that an export need not have.
    returns = files(exported.landing / "mail/returns")
    assert len(care) == exported.truth["files"]["mail/care.mbox"]
    assert len(returns) > 5
    assert any(message.get("Auto-Submitted") == "auto-replied" for message in care)
    assert any(message.get("References") for message in care)


def test_nobody_real_can_be_meant(exported: Exported) -> None:
    text = b"".join(
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in files(exported.landing)
    ).decode()
    domains = {found.lower() for found in re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text)}
    reserved = ("example.org", "example.net", "example.com", "company.example")
    assert {domain for domain in domains if not domain.endswith(reserved)} == set()
    reserved_numbers = {SWITCHBOARD, *(telephone(number) for number in range(TELEPHONES))}
    phones = {
        value for c in exported.truth["customers"] for value in c["identifiers"].get("phone", ())
    }
    assert len(phones) > 50 and phones <= reserved_numbers


def test_a_record_comes_again_and_comes_changed(exported: Exported) -> None:
    versions = Counter(
        (contact["ContactId"], contact["LastUpdateTimestamp"])
        for contact in exported.lines("connect/*")
        if contact.get("ContactId")
    )
    changed = Counter(contact_id for contact_id, _ in versions)
    assert max(versions.values()) > 1
    assert max(changed.values()) > 1
    windows = Counter(
        line["id"] for line in exported.lines("shopify/*/fulfillment_orders.jsonl")
        if "deliveryMethod" in line
    )  # fmt: skip
    assert max(windows.values()) > 1


def test_a_window_moves_between_snapshots(exported: Exported) -> None:
    shown: dict[str, set[str]] = {}
    for line in exported.lines("shopify/*/fulfillment_orders.jsonl"):
        due = line.get("deliveryMethod", {}).get("maxDeliveryDateTime")
        if due:
            shown.setdefault(line["id"], set()).add(due)
    moved = [p for p in exported.truth["promises"] if p["kind"] == "delivery" and p["revisions"]]
    assert moved
    for promise in moved:
        dues = {promise["due_at"], *(r["due_at"] for r in promise["revisions"])}
        assert dues == shown[promise["record_key"]], promise["promise"]


def test_calls_are_handed_on_in_chains(exported: Exported) -> None:
    contacts = {c["ContactId"]: c for c in exported.lines("connect/*") if c.get("ContactId")}
    transferred = [c for c in contacts.values() if c["InitiationMethod"] == "TRANSFER"]
    assert transferred
    for leg in transferred:
        before = contacts[leg["PreviousContactId"]]
        assert before["NextContactId"] == leg["ContactId"]
        assert before["TransferCompletedTimestamp"]
        assert leg["InitialContactId"] in contacts


def test_every_name_in_the_truth_is_in_an_export(exported: Exported) -> None:
    customers = exported.truth["customers"]
    cookies, users = set(), set()
    for call in exported.lines("segment/*"):
        cookies.add(call["anonymousId"])
        users.add(call.get("userId"))
    users |= {event.get("user_id") for event in exported.lines("sendgrid/*.ndjson")}
    users |= {user["external_id"] for user in exported.records("users")}
    shop = "\n".join(p.read_text() for p in sorted(exported.landing.glob("shopify/*/orders.jsonl")))
    loyalty = {row["loyalty_id"] for row in exported.rows("queue_tickets")}
    zendesk_users = {str(user["id"]) for user in exported.records("users")}
    for customer in customers:
        names = customer["identifiers"]
        assert set(names.get("cookie", ())) <= cookies
        assert set(names.get("user_id", ())) <= users
        assert set(names.get("loyalty_id", ())) <= loyalty
        assert set(names.get("zendesk_user", ())) <= zendesk_users
        for id in names.get("shopify_customer", ()):
            assert f"gid://shopify/Customer/{id}" in shop
        for order in customer["orders"]:
            assert f'"name":"#{order}"' in shop


def test_every_cookie_with_a_login_is_known_to_the_truth(exported: Exported) -> None:
    owners = {
        user: customer["customer"]
        for customer in exported.truth["customers"]
        for user in customer["identifiers"].get("user_id", ())
    }
    assert owners
    for call in exported.lines("segment/*"):
        if call.get("userId") not in (None, "anonymous"):
            assert call["userId"] in owners


def test_households_share_names_and_the_truth_says_so(exported: Exported) -> None:
    shared = {row["type"] for row in exported.truth["shared"]}
    assert {"phone", "email", "cookie"} <= shared


def test_every_promise_in_the_truth_was_exported_with_its_due(exported: Exported) -> None:
    windows: dict[str, list[str]] = {}
    for line in exported.lines("shopify/*/fulfillment_orders.jsonl"):
        if "maxDeliveryDateTime" in line.get("deliveryMethod", {}):
            due = line["deliveryMethod"]["maxDeliveryDateTime"] or line["fulfillBy"]
            windows.setdefault(line["id"], []).append(due)
    callbacks = {
        contact["ContactId"]: contact["ScheduledTimestamp"]
        for contact in exported.lines("connect/*")
        if contact.get("ScheduledTimestamp")
    }
    slots = {row["appointment_id"] for row in exported.rows("appointments")}
    clocks = {
        f"{event['ticket_id']}/{event['metric']}/{event['instance_id']}"
        for event in exported.records("ticket_metric_events")
        if event["type"] == "apply_sla"
    }
    kinds = Counter()
    for promise in exported.truth["promises"]:
        key = promise["record_key"]
        kinds[promise["kind"]] += 1
        if promise["kind"] in ("delivery", "pickup"):
            assert promise["due_at"] == windows[key][0]
        elif promise["kind"] == "callback":
            assert promise["due_at"] == callbacks[key]
        elif promise["kind"] == "appointment":
            assert key in slots
        elif promise["kind"] == "reply":
            assert key in clocks
    assert set(kinds) == {"delivery", "pickup", "callback", "appointment", "reply", "task"}


def test_a_reply_that_is_late_in_the_truth_is_a_breach_in_zendesk(exported: Exported) -> None:
    breached = {
        f"{event['ticket_id']}/{event['metric']}/{event['instance_id']}"
        for event in exported.records("ticket_metric_events")
        if event["type"] == "breach"
    }
    broken = {
        promise["record_key"]
        for promise in exported.truth["promises"]
        if promise["kind"] == "reply" and promise["outcome"] == "broken"
    }
    assert broken
    assert broken == breached


def test_chases_are_calls_mails_or_comments_of_that_moment(exported: Exported) -> None:
    called = {
        (contact["Attributes"].get("order_id"), contact["InitiationTimestamp"])
        for contact in exported.lines("connect/*")
        if contact.get("Attributes")
    }
    chases = [
        (promise["subject"].removeprefix("order:"), chase["at"])
        for promise in exported.truth["promises"]
        if promise["kind"] in ("delivery", "pickup")
        for chase in promise["chases"]
        if chase["channel"] == "phone"
    ]
    assert chases
    assert set(chases) <= called


def test_most_promises_are_kept_and_some_are_broken_in_silence(exported: Exported) -> None:
    outcomes = Counter(promise["outcome"] for promise in exported.truth["promises"])
    silent = [
        promise
        for promise in exported.truth["promises"]
        if promise["outcome"] == "broken"
        and not any(
            n["delivered"] for n in promise["notices"] if n["at"] <= promise["due_in_force"]
        )
    ]
    assert outcomes["kept"] > outcomes["broken"] > 0
    assert silent


def test_what_must_be_set_aside_is_there_and_nothing_else_is_late(exported: Exported) -> None:
    spoilt = Counter(row["stream"].split("/")[0] for row in exported.truth["set_aside"])
    assert set(spoilt) == {
        "connect",
        "zendesk",
        "mail",
        "sendgrid",
        "segment",
        "shopify",
        "queue_tickets",
        "appointments",
    }
    beyond = [
        call["messageId"]
        for call in exported.lines("segment/*")
        if call.get("timestamp", "") > "2026-07"
    ]
    assert beyond == ["bad-2"]


def test_a_file_comes_twice(exported: Exported) -> None:
    assert exported.truth["repeated_files"]
    for row in exported.truth["repeated_files"]:
        again, first = exported.landing / row["file"], exported.landing / row["of"]
        assert again.read_bytes() == first.read_bytes()


def test_the_clickstream_writes_as_many_events_as_asked_for(tmp_path: Path) -> None:
    clickstream.write(tmp_path, 50_007, SEED, MONTHS, END)
    ids, last = set(), ""
    for path in sorted(tmp_path.glob("segment/*.ndjson.gz")):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                call = json.loads(line)
                ids.add(call["messageId"])
                assert call["receivedAt"][:19] >= last[:19]
                last = call["receivedAt"]
    assert len(ids) == 50_007
    assert last <= "2026-07"


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files(root)
    }


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())
