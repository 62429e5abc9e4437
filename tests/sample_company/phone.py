"""The contact centre: Amazon Connect contact records, one a leg.

A record is written when its leg ends and again whenever it changes, with a later
LastUpdateTimestamp; the stream delivers at least once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.sample_company.clock import seconds_z
from tests.sample_company.people import Person
from tests.sample_company.world import World

INSTANCE = "arn:aws:connect:eu-central-1:123456789012:instance/5f0e-sample"
AGENTS = tuple(f"agent{n:02d}" for n in range(1, 25))
LATE_SHARE = 0.006
AGAIN_SHARE = 0.02
CHANGED_SHARE = 0.12


@dataclass(frozen=True)
class Call:
    """One leg that took place: its id, when it began and ended, who answered (None: nobody)."""

    contact_id: str
    began_at: datetime
    ended_at: datetime
    agent: str | None


def call(
    world: World,
    person: Person | None,
    at: datetime,
    reason: str,
    order: str | None = None,
    *,
    queue: str = "service",
    wait: int | None = None,
    talk: int | None = None,
    transfers: int = 0,
    abandons: bool = False,
    outbound: bool = False,
    channel: str = "VOICE",
    outcome: str | None = None,
    number: str | None = None,
) -> Call:
    """A contact of one or more legs; `wait` and `talk` in seconds. Returns the last leg.

    `outcome`: what the agent noted at the end. `number`: where the call comes from, if it is not
    the customer's own telephone.
    """
    rng = world.rng
    wait = int(min(1500, rng.expovariate(1 / 90))) if wait is None else wait
    withheld = rng.random() < 0.02
    first: str | None = None
    previous: str | None = None
    contact_id = world.uuid()
    for leg in range(transfers + 1):
        talked = int(min(2400, 40 + rng.expovariate(1 / 240))) if talk is None else talk
        agent = None if abandons and leg == transfers else rng.choice(AGENTS)
        following = world.uuid() if leg < transfers else None
        method = "TRANSFER" if leg else "OUTBOUND" if outbound else "INBOUND"
        record = _leg(world, contact_id, method, at, wait, talked, agent, queue, channel)
        ended_at = _ended(at, wait, talked, agent)
        record["InitialContactId"] = first
        record["PreviousContactId"] = previous
        record["NextContactId"] = following
        shown = number or (person.phone if person else None)
        record["CustomerEndpoint"] = _endpoint(world, shown, withheld, channel)
        record["Attributes"] = {"reason": reason} | ({"order_id": order} if order else {})
        if outcome and agent and not following:
            record["Attributes"]["outcome"] = outcome
        if leg and rng.random() < 0.4:
            record["Attributes"]["context_carried"] = "true"
        if channel == "CHAT" and person and person.is_known_at(at):
            record["Attributes"]["user_id"] = person.user_id
            world.named(ended_at, person, user_id=person.user_id)
        if following:
            record["TransferCompletedTimestamp"] = seconds_z(ended_at)
            record["TransferredToEndpoint"] = {"Address": "specialists", "Type": "QUEUE"}
            record["DisconnectReason"] = "CONTACT_FLOW_DISCONNECT"
        _deliver(world, record, ended_at)
        if person and not withheld and channel == "VOICE":
            world.named(ended_at, person, phone=shown)
        done = Call(contact_id, at, ended_at, agent)
        if following:
            first, previous, contact_id = first or contact_id, contact_id, following
            queue, at = "specialists", ended_at
            wait = int(rng.expovariate(1 / 120))
    return done


def callback(
    world: World,
    person: Person,
    inbound: Call,
    due_at: datetime,
    order: str | None,
    answered_at: datetime | None,
) -> str:
    """A callback promised in `inbound` for `due_at`; `answered_at` None: nobody called.

    Returns its ContactId.
    """
    contact_id = world.uuid()
    created_at = inbound.ended_at + timedelta(seconds=20)
    record = _leg(world, contact_id, "CALLBACK", created_at, 0, 0, None, "callbacks", "VOICE")
    record |= {
        "InitialContactId": inbound.contact_id,
        "PreviousContactId": inbound.contact_id,
        "ScheduledTimestamp": seconds_z(due_at),
        "DisconnectTimestamp": None,
        "DisconnectReason": None,
        "ConnectedToSystemTimestamp": None,
        "Queue": None,
        "CustomerEndpoint": _endpoint(world, person.phone, False, "VOICE"),
        "Attributes": {"reason": "callback"} | ({"order_id": order} if order else {}),
    }
    _deliver(world, record, created_at)
    world.named(created_at, person, phone=person.phone)
    if answered_at:
        talked = 60 + int(world.rng.expovariate(1 / 180))
        spoken = _leg(
            world,
            contact_id,
            "CALLBACK",
            answered_at,
            15,
            talked,
            world.rng.choice(AGENTS),
            "callbacks",
            "VOICE",
        )
        spoken["InitiationTimestamp"] = record["InitiationTimestamp"]
        for field in ("InitialContactId", "PreviousContactId", "ScheduledTimestamp"):
            spoken[field] = record[field]
        spoken["CustomerEndpoint"] = record["CustomerEndpoint"]
        spoken["Attributes"] = record["Attributes"]
        _deliver(world, spoken, _ended(answered_at, 15, talked, "somebody"))
    return contact_id


def _leg(
    world: World,
    contact_id: str,
    method: str,
    at: datetime,
    wait: int,
    talked: int,
    agent: str | None,
    queue: str,
    channel: str,
) -> dict:
    rng = world.rng
    queued_at = at + timedelta(seconds=12)
    answered_at = queued_at + timedelta(seconds=wait)
    ended_at = _ended(at, wait, talked, agent)
    held = min(talked // 2, int(rng.expovariate(1 / 60))) if agent and rng.random() < 0.25 else 0
    queues = method != "OUTBOUND"
    record: dict = {
        "AWSAccountId": "123456789012",
        "AWSContactTraceRecordFormatVersion": "2017-03-10",
        "ContactId": contact_id,
        "InitialContactId": None,
        "PreviousContactId": None,
        "NextContactId": None,
        "Channel": channel,
        "InitiationMethod": method,
        "InitiationTimestamp": seconds_z(at),
        "ConnectedToSystemTimestamp": seconds_z(at),
        "DisconnectTimestamp": seconds_z(ended_at),
        "DisconnectReason": "CUSTOMER_DISCONNECT" if rng.random() < 0.7 else "AGENT_DISCONNECT",
        "LastUpdateTimestamp": None,
        "ScheduledTimestamp": None,
        "TransferCompletedTimestamp": None,
        "TransferredToEndpoint": None,
        "CustomerEndpoint": None,
        "SystemEndpoint": {"Address": "+493023125000", "Type": "TELEPHONE_NUMBER"},
        "Queue": {
            "ARN": f"{INSTANCE}/queue/{queue}",
            "Name": queue,
            "EnqueueTimestamp": seconds_z(queued_at),
            "DequeueTimestamp": seconds_z(answered_at),
            "Duration": wait,
        }
        if queues
        else None,
        "Agent": {
            "ARN": f"{INSTANCE}/agent/{agent}",
            "Username": agent,
            "ConnectedToAgentTimestamp": seconds_z(answered_at),
            "AgentInteractionDuration": talked - held,
            "CustomerHoldDuration": held,
            "LongestHoldDuration": held,
            "NumberOfHolds": int(held > 0),
            "AfterContactWorkStartTimestamp": seconds_z(ended_at),
            "AfterContactWorkEndTimestamp": None,
            "AfterContactWorkDuration": None,
            "RoutingProfile": {"ARN": f"{INSTANCE}/routing-profile/care", "Name": "care"},
            "HierarchyGroups": None,
        }
        if agent
        else None,
        "AgentConnectionAttempts": 1 if agent else 0,
        "Attributes": {},
        "Recording": None,
        "Recordings": None,
        "InstanceARN": INSTANCE,
        "MediaStreams": [{"Type": "AUDIO" if channel == "VOICE" else "CHAT"}],
        "Tags": {"aws:connect:instanceId": "5f0e-sample"},
    }
    return record


def _ended(at: datetime, wait: int, talked: int, agent: str | None) -> datetime:
    return at + timedelta(seconds=12 + wait + (talked if agent else 0))


def _endpoint(world: World, number: str | None, withheld: bool, channel: str) -> dict | None:
    if channel == "CHAT":
        return None
    shown = world.rng.choice((None, "anonymous")) if withheld else number
    return {"Address": shown, "Type": "TELEPHONE_NUMBER"}


def _deliver(world: World, record: dict, at: datetime) -> None:
    """Write the record, sometimes twice, sometimes changed, sometimes weeks late."""
    rng = world.rng
    at = at + timedelta(seconds=4)
    record = record | {"LastUpdateTimestamp": seconds_z(at)}
    chance = rng.random()
    stream = "connect/late" if chance < LATE_SHARE else "connect"
    world.export(stream, at, record)
    if LATE_SHARE < chance < LATE_SHARE + AGAIN_SHARE:
        world.export("connect", at + timedelta(minutes=7), record)
    if chance > 1 - CHANGED_SHARE and record["Agent"]:
        worked = 20 + int(rng.expovariate(1 / 60))
        later = at + timedelta(seconds=worked)
        changed = record | {"LastUpdateTimestamp": seconds_z(later)}
        changed["Agent"] = record["Agent"] | {
            "AfterContactWorkEndTimestamp": seconds_z(later),
            "AfterContactWorkDuration": worked,
        }
        world.export("connect", later, changed)
