"""One person is erased from everything that is kept, and nobody else's results change.

One small world of people who share devices, threads and records is recorded through all kinds of
files and published; ann is erased. What is looked at is every byte that is left, every row of the
others, a second pull of the same exports, and an erasure that is killed at each of its steps.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ingestion.erased import Register
from ingestion.event_log import EventLog
from ingestion.settings import Settings
from ingestion.sources import mapped
from serving import erase, publish, warehouse
from serving.errors import NotFound
from tests.warehouse.built_warehouse import build
from tests.warehouse.whole_road import land, record_all, settings_of

FIRST = datetime(2026, 5, 1, 12)
SECOND = datetime(2026, 5, 3, 12)
NOW = datetime(2026, 5, 5, 12)
# No byte of these may be left: values, and the one name that stands in a text of an agent.
SECRETS = (
    "ann@home.example",
    "ann.new@home.example",
    "+14155550111",
    "u-ann",
    "7710019001",
    "A-SECRET",
)
# Compared with all other customers, so it moves when one of them goes.
RELATIVE = {"percentile", "coverage"}


def ticket(number: int, requester: int, day: int) -> dict:
    """A Zendesk ticket."""
    return {
        "id": number, "requester_id": requester, "submitter_id": requester, "subject": "help",
        "status": "open", "created_at": f"2026-04-{day:02}T09:00:00Z",
        "updated_at": f"2026-04-{day:02}T10:00:00Z", "via": {"channel": "email"},
    }  # fmt: skip


def audit(number: int, of: int, day: int, body: str) -> dict:
    """A comment of an agent on a ticket: it names no customer as an identifier."""
    comment = {"id": number * 10, "type": "Comment", "public": True, "author_id": 5, "body": body}
    return {
        "id": number, "ticket_id": of, "created_at": f"2026-04-{day:02}T11:00:00Z", "author_id": 5,
        "via": {"channel": "web"}, "events": [comment],
    }  # fmt: skip


def click(number: int, cookie: str, user: str | None, minute: int, **more: object) -> dict:
    """A Segment call."""
    return {
        "messageId": f"m{number}", "type": "track", "event": "Product Viewed",
        "anonymousId": cookie, "userId": user, "timestamp": f"2026-04-10T10:{minute:02}:00Z",
        "receivedAt": f"2026-04-10T10:{minute:02}:01Z", "properties": {"url": "https://x.example/"},
    } | more  # fmt: skip


def message(number: int, sender: str, to: str, text: str) -> str:
    """A mail in an mbox."""
    return (
        f"From {sender} Fri Apr 10 10:00:00 2026\nMessage-ID: <{number}@mail.example>\n"
        f"Date: Fri, 10 Apr 2026 10:{number:02}:00 +0000\nFrom: {sender}\nTo: {to}\n"
        f"Subject: order\n\n{text}\n\n"
    )


US = "help@company.example"
ORDERS = [
    {"id": "gid://shopify/Order/1", "name": "#1", "email": "ann@home.example",
     "createdAt": "2026-04-01T08:00:00Z", "updatedAt": "2026-04-01T08:00:00Z"},
    {"id": "gid://shopify/FulfillmentOrder/11", "__parentId": "gid://shopify/Order/1",
     "status": "OPEN", "createdAt": "2026-04-01T08:01:00Z", "updatedAt": "2026-04-01T08:01:00Z",
     "deliveryMethod": {"methodType": "SHIPPING", "maxDeliveryDateTime": "2026-04-05T08:00:00Z"}},
    {"id": "gid://shopify/Order/2", "name": "#2", "email": "bob@work.example",
     "note": "a gift for ann@home.example",
     "createdAt": "2026-04-02T08:00:00Z", "updatedAt": "2026-04-02T08:00:00Z"},
    {"id": "gid://shopify/FulfillmentOrder/22", "__parentId": "gid://shopify/Order/2",
     "status": "OPEN", "createdAt": "2026-04-02T08:01:00Z", "updatedAt": "2026-04-02T08:01:00Z",
     "deliveryMethod": {"methodType": "SHIPPING", "maxDeliveryDateTime": "2026-04-06T08:00:00Z"}},
]  # fmt: skip
JOBS_MAPPING = """
files: "jobs.csv"
time_zone: UTC
key: job
identifiers: [{type: email, column: mail}, {type: loyalty_id, column: card}]
interactions:
  - {occurred_at: opened, kind: {value: visited}, channel: {value: store},
     touchpoint: {value: store.counter}, subject: {type: job, key: job}}
"""
STEPS_MAPPING = """
files: "steps.parquet"
format: parquet
time_zone: UTC
key: step
interactions:
  - {occurred_at: at, kind: {value: repaired}, channel: {value: store},
     touchpoint: {value: store.workshop}, subject: {type: job, key: job},
     direction: {value: internal}}
"""


def first_files(tmp: Path) -> dict[str, str | bytes]:
    """The exports of the first day."""
    pages = {
        "tickets": [ticket(1, 7710019001, 3), ticket(2, 7710019002, 4)],
        "audits": [
            audit(101, 1, 5, "A-SECRET wrote again"),
            audit(102, 2, 6, "your friend ann@home.example asked, too"),
        ],
    }
    users = [
        {"id": 7710019001, "role": "end-user", "email": "ann@home.example", "external_id": "u-ann",
         "created_at": "2026-03-01T00:00:00Z"},
        {"id": 7710019002, "role": "end-user", "email": "bob@work.example", "external_id": "u-bob",
         "created_at": "2026-03-01T00:00:00Z"},
    ]  # fmt: skip
    clicks = [
        click(1, "c-ann", "u-ann", 1),
        click(2, "c-shared", "u-ann", 2),
        click(3, "c-shared", "u-bob", 5),
        click(4, "c-shared", "u-bob", 20),
        click(5, "c-bob", "u-bob", 21),
        click(6, "c-shared", None, 40),
        click(7, "c-cyd", None, 50),
        # Seen with one login too many, and ann's is among them.
        *(
            click(11 + number, "c-till", user, 30 + number)
            for number, user in enumerate(["u-ann", "u-dan", "u-eve", "u-fay", None])
        ),
    ]
    steps = tmp / "steps.parquet"
    pd.DataFrame(
        {"step": ["s1", "s2"], "job": ["j1", "j2"], "at": ["2026-04-09 12:00", "2026-04-09 13:00"]}
    ).to_parquet(steps)
    return {
        "zendesk/page.json": json.dumps(pages, indent=1),
        "zendesk/users.ndjson": "\n".join(json.dumps(user) for user in users),
        "segment/clicks.ndjson.gz": gzip.compress(
            "\n".join(json.dumps(each) for each in clicks).encode(), mtime=0
        ),
        "shopify/orders.jsonl": "\n".join(json.dumps(each) for each in ORDERS),
        "mail/box.mbox": message(1, "ann@home.example", US, "Where is it?")
        + message(2, US, "ann@home.example", "Coming.")
        + message(3, "bob@work.example", US, "My friend ann@home.example wants to know."),
        "mail/Maildir/cur/1.a:2,S": message(4, "ann@home.example", US, "Hello").partition("\n")[2],
        "jobs/mapping.yml": JOBS_MAPPING,
        "jobs/jobs.csv": "job,mail,card,opened,note\nj1,ann@home.example,k1,2026-04-09 09:00,\n"
        'j2,cyd@home.example,k2,2026-04-09 10:00,"with ""quotes"",\nand lines"\n',
        "steps/mapping.yml": STEPS_MAPPING,
        "steps/steps.parquet": steps.read_bytes(),
        "sendgrid/events.json": json.dumps(
            [
                {
                    "sg_event_id": "e1",
                    "event": "delivered",
                    "email": "ann@home.example",
                    "timestamp": 1775815200,
                },
                {
                    "sg_event_id": "e2",
                    "event": "delivered",
                    "email": "cyd@home.example",
                    "timestamp": 1775815300,
                },
                {
                    "sg_event_id": "e3",
                    "event": "no such",
                    "email": "ann@home.example",
                    "timestamp": 1775815200,
                },
            ]
        ),
    }


def second_files() -> dict[str, str]:
    """The exports of a later day: ann has a new address, and a bad row names her."""
    user = {
        "id": 7710019001,
        "role": "end-user",
        "email": "ann.new@home.example",
        "phone": "+14155550111",
        "external_id": "u-ann",
        "created_at": "2026-03-01T00:00:00Z",
        "updated_at": "2026-05-02T00:00:00Z",
    }
    return {
        "zendesk/users2.ndjson": json.dumps(user),
        "segment/clicks2.ndjson": json.dumps(click(8, "c-shared", "u-bob", 55))
        + '\n{"messageId": "m9", "userId": "u-ann", broken\n',
    }


def publish_build(root: Path, number: int) -> dict[str, pd.DataFrame]:
    """Build everything, publish it as a release, and return its tables."""
    settings = settings_of(root)
    mappings = mapped.staging(EventLog(settings.log))
    build(root, ("*",), {"mappings": mappings}, with_data_tests=False).close()
    (root / "dbt").mkdir(exist_ok=True)
    (root / "dbt" / "target").unlink(missing_ok=True)
    (root / "dbt" / "target").symlink_to(root / "target")
    made = warehouse.Build(
        f"2026050{number}T000000Z-0000000{number}",
        warehouse.fingerprint_of(settings, "", ""),
        "",
        "",
    )
    warehouse.write_whole(warehouse.built_path(settings), json.dumps(made.__dict__))
    page = publish.data_docs(settings, made.build_id) / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("<!doctype html>all passed")
    release = publish.publish(settings, made.build_id, 1)
    return tables(settings.published / release.release_id)


def tables(release: Path) -> dict[str, pd.DataFrame]:
    """All tables of a release, from its DuckDB file; its Parquet files hold the same."""
    with duckdb.connect(str(release / "journeys.duckdb"), read_only=True) as connection:
        names = [
            row[0]
            for row in connection.execute("select table_name from duckdb_tables()").fetchall()
        ]
        found = {name: connection.sql(f"from {name}").df() for name in names}
        for name in names:
            rows = connection.sql(f"from read_parquet('{release}/{name}.parquet')").df()
            pd.testing.assert_frame_equal(rows, found[name])
    return found


@dataclass(frozen=True)
class World:
    """The state before the erasure, who ann was in it, and the tables of its releases."""

    root: Path
    hashes: frozenset[str]
    before: dict[str, pd.DataFrame]
    others: frozenset[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world, published twice."""
    root = tmp_path_factory.mktemp("erase")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_ROOT", str(root))
        patch.setenv("JOURNEYS_SECRET", "a secret of the tests")
        land(root, first_files(tmp_path_factory.mktemp("parquet")))
        record_all(root, FIRST)
        land(root, second_files())
        record_all(root, SECOND)
        before = publish_build(root, 1)
        # an older release of the same
        settings = settings_of(root)
        shutil.copytree(
            settings.published / "20260501T000000Z-00000001", settings.published / "20260430"
        )
        ids = before["customer_id_map"]
        ann = erase.hashed(settings, "email:ann@home.example")
        customer = ids[ids.identifier_hash == ann].customer_id.iloc[0]
        hashes = frozenset(ids[ids.customer_id == customer].identifier_hash)
        others = frozenset(before["dim_customers"].customer_id) - {customer}
        yield World(root, hashes, before, others)


def copied(world: World, to: Path) -> Settings:
    """The world before the erasure once more, somewhere else."""
    shutil.copytree(world.root, to, symlinks=True)
    os.environ["JOURNEYS_ROOT"] = str(to)
    return Settings.read("test")


@pytest.fixture
def settings(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the world."""
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "var"))
    return copied(world, tmp_path / "var")


def everything(root: Path) -> dict[str, str]:
    """What every file says, as text: compressed ones opened, tables as rows."""
    said = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not path.is_file() or path.is_symlink() or name.startswith(("target", "dbt")):
            continue
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                text = str(
                    connection.sql(
                        f"from read_parquet('{path}', hive_partitioning = false)"
                    ).fetchall()
                )
        elif path.name == "warehouse.duckdb":  # a cache: erasure drops it whole
            continue
        elif path.suffix == ".duckdb":
            text = str({name: rows.values.tolist() for name, rows in tables(path.parent).items()})
        else:
            content = path.read_bytes()
            text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
        said[name] = text
    return said


@pytest.fixture(scope="module")
def erased(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, erase.Erased]]:
    """The world after ann was erased from it, and what the erasure said."""
    root = tmp_path_factory.mktemp("erased") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_ROOT", str(root))
        settings = copied(world, root)
        report = erase.erase(settings, erase.hashed(settings, "email:ann@home.example"), NOW)
        yield settings, report


def test_no_byte_of_the_person_is_left_and_the_register_holds_keyed_hashes_alone(
    world: World, erased: tuple[Settings, erase.Erased]
):
    settings, report = erased
    said = everything(settings.root)
    register = said.pop("log/erased.txt")
    assert world.hashes <= set(register.split())
    assert all(re.fullmatch("[0-9a-f]{32}", line) for line in register.split())
    for name, text in said.items():
        for secret in (*SECRETS, *world.hashes):
            assert secret not in text and secret not in name, f"{name}: {secret}"
    assert not settings.warehouse.exists()
    words = " ".join(report.lines())
    assert not any(secret in words for secret in (*SECRETS, *world.hashes))


def test_what_others_wrote_stays_byte_for_byte_where_it_named_nobody(
    world: World, erased: tuple[Settings, erase.Erased]
):
    settings, _ = erased
    landing = settings.landing
    assert (landing / "steps/steps.parquet").exists()
    assert (landing / "jobs/jobs.csv").read_text() == (
        'job,mail,card,opened,note\nj2,cyd@home.example,k2,2026-04-09 10:00,"with ""quotes"",\n'
        'and lines"\n'
    )
    lines = (landing / "shopify/orders.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"].rpartition("/")[2] for line in lines] == ["2", "22"]
    assert json.loads(lines[0])["note"] == "a gift for [erased]"
    assert lines[1] == json.dumps(ORDERS[3])
    assert not (landing / "mail/Maildir/cur/1.a:2,S").exists()
    assert (landing / "mail/box.mbox").read_text() == message(
        3, "bob@work.example", US, "My friend [erased] wants to know."
    )
    pages = json.loads((landing / "zendesk/page.json").read_text())
    assert [each["id"] for each in pages["tickets"] + pages["audits"]] == [2, 102]


def test_only_the_files_that_held_the_person_were_written(
    world: World, erased: tuple[Settings, erase.Erased]
):
    settings, report = erased
    before = {
        batch.name: digest(Path(batch.address)) for batch in EventLog(world.root / "log").batches()
    }
    after = {batch.name: digest(Path(batch.address)) for batch in EventLog(settings.log).batches()}
    assert set(before) == set(after)
    assert sum(before[name] != after[name] for name in before) == report.swept.log_files
    assert digest(settings.landing / "sendgrid/events.json") != digest(
        world.root / "landing/sendgrid/events.json"
    )
    assert report.swept.quarantine_records == 2
    assert report.releases == 2


def digest(path: Path) -> str:
    """What is in a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_row_of_all_others_is_as_it_was_in_kept_releases_and_after_a_rebuild(
    world: World, erased: tuple[Settings, erase.Erased]
):
    settings, _ = erased
    kept = tables(settings.published / "20260430")
    assert publish.read_release(settings.published / "20260430").row_counts == {
        name: len(rows) for name, rows in kept.items() if name != "_published"
    }
    record_all(settings.root, NOW)
    rebuilt = publish_build(settings.root, 2)
    for name, rows in world.before.items():
        if "customer_id" not in rows or name == "customer_id_map":
            continue
        for found in (kept, rebuilt):
            assert_same_rows(name, rows[rows.customer_id.isin(world.others)], found[name])
    map_before = world.before["customer_id_map"]
    map_before = map_before[~map_before.identifier_hash.isin(world.hashes)]
    assert_same_rows("customer_id_map", map_before, rebuilt["customer_id_map"])


def assert_same_rows(name: str, before: pd.DataFrame, after: pd.DataFrame) -> None:
    """The same rows, in whatever order."""
    columns = [column for column in before.columns if column not in RELATIVE]
    one, other = (
        sorted(map(str, rows[columns].itertuples(index=False, name=None)))
        for rows in (before, after)
    )
    assert one == other, name


def test_a_second_pull_of_the_same_exports_does_not_bring_the_person_back(
    world: World, settings: Settings, tmp_path: Path
):
    erase.erase(settings, erase.hashed(settings, "user_id:u-ann"), NOW)
    before = everything(settings.log)
    record_all(settings.root, NOW)
    assert everything(settings.log) == before, "the files that were written anew were read again"
    # the same exports once more, whole and grown, under other names
    files = first_files(tmp_path)
    files["zendesk/page2.json"] = str(files["zendesk/page.json"]).replace(
        '"audits": [', '"audits": [' + json.dumps(audit(103, 1, 7, "A-SECRET again")) + ","
    )
    files["shopify/more.jsonl"] = (
        str(files["shopify/orders.jsonl"])
        + "\n"
        + json.dumps(ORDERS[1] | {"status": "CLOSED", "updatedAt": "2026-04-30T00:00:00Z"})
    )
    for name in ("zendesk/users", "segment/clicks2", "jobs/jobs", "mail/box"):
        (path,) = (path for path in files | second_files() if path.startswith(name + "."))
        text = (files | second_files())[path]
        if isinstance(text, str) and "jobs" not in name:
            files[path.replace(".", "-again.", 1)] = text + "\n"
    for name in list(files):
        if name.endswith(("mapping.yml", "page.json")):
            del files[name]
    land(settings.root, files)
    record_all(settings.root, datetime(2026, 5, 6))
    for name, text in (everything(settings.log) | everything(settings.quarantine)).items():
        if name != "erased.txt":
            for secret in (*SECRETS, *world.hashes):
                assert secret not in text, f"{name}: {secret}"
    later = erase.erase(settings, erase.hashed(settings, "email:ann@home.example"), NOW)
    assert later.identifiers == 0 and later.swept.landing_records > 0
    assert not any("ann@home" in text for text in everything(settings.landing).values())


class Killed(BaseException):
    """What stops an erasure at a step."""


def test_an_erasure_killed_at_any_step_ends_complete_when_it_is_run_again(
    world: World,
    erased: tuple[Settings, erase.Erased],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    whole, _ = erased
    step, stop = 0, -1
    replace, path_replace, unlink = os.replace, Path.replace, Path.unlink

    def counted(act):
        def do(*arguments, **options):
            nonlocal step
            step += 1
            if step == stop:
                raise Killed
            return act(*arguments, **options)

        return do

    monkeypatch.setattr(os, "replace", counted(replace))
    monkeypatch.setattr(Path, "replace", counted(path_replace))
    monkeypatch.setattr(Path, "unlink", counted(unlink))
    # What was there before, and the register: other tests published from `whole` since.
    before = everything(copied(world, tmp_path / "before").root).keys()
    expected = {
        name: text
        for name, text in everything(whole.root).items()
        if (name in before or name.startswith("log/"))
        and not name.startswith(("landing_index", "build.json"))
    }
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path))
    steps = 1 << 30
    for stop_at in (2, 5, 12, 31, 60, 100_000):
        settings = copied(world, tmp_path / str(stop_at))
        person = erase.hashed(settings, "email:ann@home.example")
        step, stop = 0, stop_at
        try:
            erase.erase(settings, person, NOW)
            steps = step
        except Killed:
            stop = -1
            erase.erase(settings, person, NOW)
        found = everything(settings.root)
        for name in expected:
            assert name in found and found[name] == expected[name], f"{name}, killed at {stop_at}"
    assert steps < 1 << 30, "the last step was not reached: raise the numbers"


def test_whom_nobody_knows_is_registered_and_who_is_blocked_is_refused(
    settings: Settings,
):
    report = erase.erase(settings, erase.hashed(settings, "email:nobody@x.example"), NOW)
    assert (report.identifiers, report.records, report.swept.log_files) == (1, 0, 0)
    with pytest.raises(NotFound, match="PERSON= takes"):
        erase.hashed(settings, "ann@home.example")
    with pytest.raises(NotFound, match="cannot be used"):
        erase.hashed(settings, "phone:seven")
    assert len(Register.of(settings.log).hashes()) == 1
