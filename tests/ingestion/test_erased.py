"""Who was erased does not come back through the gate, in whatever record they are."""

import json

import pytest

from ingestion.erased import Erased, Register
from ingestion.identifiers import Identifiers
from ingestion.settings import Settings
from ingestion.sources import MODULES, find


@pytest.fixture
def people(settings: Settings) -> Identifiers:
    """The hashes of the tests."""
    return Identifiers(settings.secret(), settings.default_region)


def call(contact: str, phone: str, **more: object) -> bytes:
    """A contact record."""
    return json.dumps(
        {
            "ContactId": contact,
            "InitiationTimestamp": "2026-03-01T10:00:00Z",
            "LastUpdateTimestamp": "2026-03-01T10:09:00Z",
            "DisconnectTimestamp": "2026-03-01T10:08:00Z",
            "InitiationMethod": "INBOUND",
            "Channel": "VOICE",
            "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": phone},
        }
        | more
    ).encode()


def test_a_record_type_that_names_nobody_says_what_it_is_a_part_of(settings: Settings):
    for name in MODULES:
        for record in find(name, settings).records:
            assert record.identifiers or record.part_of or record.ignore, f"{name}: {record.name}"


def test_what_an_erased_person_owns_is_kept_out_and_what_names_them_comes_through_without(
    settings: Settings, recorded, people: Identifiers
):
    Register.of(settings.log).add(
        [
            people.hash("phone", "+14155550101"),
            people.hash("loyalty_id", "L1"),
            people.hash("record", "connect/contact/gone"),
        ]
    )
    found = recorded(
        "connect",
        {
            "a.ndjson": b"\n".join(
                [
                    call("theirs", "+14155550101"),
                    call("stronger", "+14155550102", Attributes={"loyalty_id": "L1"}),
                    call("others", "+14155550101", Attributes={"user_id": "bob"}),
                    call("gone", "+14155550103"),
                    call("leg", "", InitialContactId="gone"),
                    call("told", "+14155550104", Note="line\\nfor +14155550101"),
                    call("bad", "+14155550101", Channel="PIGEON"),
                ]
            )
        },
    )
    events = found.events.set_index("record_key")
    assert sorted(events.index) == ["others", "told"]
    others = {each["type"]: each for each in events.loc["others"]["identifiers"]}
    assert others["phone"]["problem"] == "erased"
    assert others["phone"]["hash"] != people.hash("phone", "+14155550101")
    assert others["user_id"]["hash"] == people.hash("user_id", "bob")
    assert all("4155550101" not in payload for payload in events["payload"])
    assert len(found.quarantine) == 0
    assert json.loads(found.headers["payload"][0])["kept_out"] == 5


def test_a_record_is_scrubbed_of_identifiers_wherever_they_stand(people: Identifiers):
    hashes = frozenset(
        {people.hash("email", "ann@x.example"), people.hash("shopify_customer", "7")}
    )
    erased = Erased(hashes, people, ["shopify_customer"])
    record = {
        "a": ["Ann@X.example", {"b": "write to ann+shop@x.example, or bob@x.example"}],
        "customer": "gid://shopify/Customer/7",
        "id": 7,
        "quantity": 7,
        "price": 1.5,
    }
    assert json.loads(erased.scrubbed(json.dumps(record))) == {
        "a": ["[erased]", {"b": "write to [erased], or bob@x.example"}],
        "customer": "[erased]",
        "id": None,
        "quantity": 7,
        "price": 1.5,
    }
    untouched = '{"a":  1.50}'
    assert erased.scrubbed(untouched) is untouched


def test_the_register_is_of_hashes_is_kept_to_its_owner_and_grows_only(settings: Settings):
    register = Register.of(settings.log)
    assert register.hashes() == frozenset()
    assert (register.add(["b" * 32, "a" * 32]), register.add(["a" * 32])) == (2, 0)
    assert (settings.log / "erased.txt").read_text() == f"{'a' * 32}\n{'b' * 32}\n"
    assert (settings.log / "erased.txt").stat().st_mode & 0o777 == 0o600
