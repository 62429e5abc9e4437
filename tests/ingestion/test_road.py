"""The road into the log: what lands is recorded once, and what is wrong costs nothing else."""

import gzip
import json
import os
import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ingestion import readers, times
from ingestion.event_log import EventLog
from ingestion.gate import Gate
from ingestion.landing import Landing
from ingestion.record import has_news, record
from ingestion.replay import Replayed, replay
from ingestion.source import Identifier, RecordType, Source
from tests.ingestion.conftest import NOW

VISIT = RecordType(
    name="visit",
    fields=("id", "at", "version", "who", "kind"),
    key="r.id",
    occurred_at=times.instant("r.at"),
    version="r.version",
    version_type="number",
    where="r.kind is distinct from 'rumour'",
    identifiers=(Identifier("email", "r.who"),),
)
SHOP = Source(
    name="shop",
    channel="store",
    records=(VISIT,),
    read=readers.ndjson,
    expectations="tests.ingestion.shop_expectations",
)


def visit(id: str, **said) -> dict:
    return {"id": id, "at": "2026-03-01T10:00:00Z", "version": "1", **said}


def lines(*records: dict | str) -> bytes:
    text = [one if isinstance(one, str) else json.dumps(one) for one in records]
    return ("\n".join(text) + "\n").encode()


def test_a_record_becomes_an_event_with_its_payload_untouched(recorded):
    odd = '{ "id":"a","at" : "2026-03-01T12:00:00+02:00","version":"1","note":"\\u00e9 \\/ x" }'
    found = recorded(SHOP, {"a.ndjson": lines(odd)})
    (event,) = found.events.to_dict("records")
    assert event["payload"] == odd
    assert event["occurred_at"] == datetime(2026, 3, 1, 10)
    assert event["recorded_at"] == NOW
    assert (event["source"], event["record_type"], event["record_key"]) == ("shop", "visit", "a")


def test_a_file_read_twice_or_renamed_or_copied_adds_nothing(recorded):
    content = lines(visit("a"), visit("b"))
    recorded(SHOP, {"a.ndjson": content})
    again = recorded(SHOP, {"renamed.ndjson": content, "b/copy.ndjson": content})
    assert not again.report.has_news
    assert len(again.events) == 2


def test_there_is_news_where_a_file_was_not_seen_yet_and_none_after_its_run(recorded, settings):
    assert not has_news(SHOP, settings)
    recorded(SHOP, {"a.ndjson": lines(visit("a"))})
    assert not has_news(SHOP, settings)
    (settings.landing / "shop" / "renamed.ndjson").write_bytes(lines(visit("a")))
    assert not has_news(SHOP, settings)
    (settings.landing / "shop" / "b.ndjson").write_bytes(b"{bad")
    assert has_news(SHOP, settings)
    recorded(SHOP, {})
    assert not has_news(SHOP, settings)


def test_two_copies_of_a_file_in_one_run_are_read_once(recorded):
    content = lines(visit("a"))
    found = recorded(SHOP, {"a.ndjson": content, "b.ndjson": content})
    assert found.report.events == 1


def test_a_record_twice_in_a_batch_is_one_event(recorded):
    found = recorded(SHOP, {"a.ndjson": lines(visit("a"), visit("b"), visit("a"))})
    assert sorted(found.events["record_key"]) == ["a", "b"]


def test_a_changed_record_is_a_new_event_with_a_later_version(recorded):
    recorded(SHOP, {"a.ndjson": lines(visit("a", version="9"))})
    found = recorded(SHOP, {"b.ndjson": lines(visit("a", version="10"))})
    ranks = dict(zip(found.events["record_version"], found.events["version_rank"], strict=True))
    assert ranks["10"] > ranks["9"]
    assert found.events["event_id"].nunique() == 2


def test_the_same_input_gives_the_same_ids_in_another_batch(recorded):
    first = recorded(SHOP, {"a.ndjson": lines(visit("a"))}).events["event_id"][0]
    both = recorded(SHOP, {"b.ndjson": lines(visit("a"), visit("b"))}).events
    assert list(both["event_id"]).count(first) == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{not json", "not a JSON object"),
        ("[1, 2]", "not a JSON object"),
        ('{"id": "cut off', "not a JSON object"),
        (json.dumps(visit("x", at="2026-03-01T10:00:00")), "without a time zone"),
        (json.dumps(visit("x", at="yesterday")), "unreadable"),
        (json.dumps(visit("x", at=None)), "missing"),
        (json.dumps(visit("x", at="2027-03-01T10:00:00Z")), "in the future"),
        (json.dumps(visit("x", at="1970-01-01T00:00:00Z")), "before 1990"),
        (json.dumps({k: v for k, v in visit("x").items() if k != "id"}), "no key"),
        (json.dumps(visit("x" * 600)), "longer than"),
        (json.dumps(visit("x", version="new")), "version cannot be compared"),
        (json.dumps(visit("x", kind="rumour")), "no record type of shop fits"),
    ],
)
def test_a_bad_record_is_set_aside_with_its_reason_and_the_rest_goes_through(recorded, bad, reason):
    found = recorded(SHOP, {"a.ndjson": lines(visit("a"), bad, visit("b"))})
    assert sorted(found.events["record_key"]) == ["a", "b"]
    (aside,) = found.quarantine.to_dict("records")
    assert reason in aside["reason"]
    assert aside["record_number"] == 1
    assert aside["file"] == "a.ndjson"
    assert aside["payload"].startswith(bad[:20])


def test_a_truncated_gzip_is_set_aside_alone(recorded):
    whole = gzip.compress(lines(*(visit(str(n), note=os.urandom(40).hex()) for n in range(500))))
    found = recorded(
        SHOP, {"cut.ndjson.gz": whole[: len(whole) // 2], "good.ndjson": lines(visit("good"))}
    )
    assert list(found.events["record_key"]) == ["good"]
    ((file, reason),) = found.report.refused
    assert file == "cut.ndjson.gz"
    assert "GZIP" in reason
    assert found.quarantine["is_whole_file"].tolist() == [True]


def test_a_refused_file_is_not_tried_again_until_it_changes(recorded):
    whole = gzip.compress(lines(visit("a", note="x" * 5000)))
    recorded(SHOP, {"a.ndjson.gz": whole[:-9]})
    assert recorded(SHOP, {}).report.refused == ()
    assert recorded(SHOP, {"a.ndjson.gz": whole}).report.events == 1


def test_a_file_over_the_threshold_is_set_aside_alone(settings):
    strict = replace(settings, failure_threshold=0.5, failure_minimum=3)
    bad = lines(*(visit(f"x{n}", at="never") for n in range(4)), visit("lost"))
    for path, content in {"bad.ndjson": bad, "good.ndjson": lines(visit("good"))}.items():
        landed = strict.landing / "shop" / path
        landed.parent.mkdir(parents=True, exist_ok=True)
        landed.write_bytes(content)
    report = record(SHOP, strict, NOW)
    assert report.events == 1
    assert [file for file, _ in report.refused] == ["bad.ndjson"]
    assert "4 of 5 records" in report.refused[0][1]


def test_an_empty_file_is_seen_and_gives_nothing(recorded):
    found = recorded(SHOP, {"empty.ndjson": b"", "good.ndjson": lines(visit("a"))})
    assert found.report.events == 1
    assert not recorded(SHOP, {}).report.has_news


def test_a_file_that_grows_while_it_is_read_waits_for_the_next_run(settings, recorded, monkeypatch):
    path = settings.landing / "shop" / "growing.ndjson"
    read = Gate.check

    def check_while_it_grows(self, files, *rest):
        result = read(self, files, *rest)
        if any(file.name == "growing.ndjson" for file in files) and path.stat().st_size < 300:
            with path.open("ab") as file:
                file.write(lines(visit("late", note="x" * 300)))
        return result

    monkeypatch.setattr(Gate, "check", check_while_it_grows)
    found = recorded(
        SHOP, {"growing.ndjson": lines(visit("early")), "still.ndjson": lines(visit("still"))}
    )
    assert found.report.unfinished == ("growing.ndjson",)
    assert list(found.events["record_key"]) == ["still"]
    again = recorded(SHOP, {})
    assert sorted(again.events["record_key"]) == ["early", "late", "still"]


def test_a_grown_file_adds_only_what_is_new_to_it(recorded):
    recorded(SHOP, {"a.ndjson": lines(visit("a"))})
    found = recorded(SHOP, {"a.ndjson": lines(visit("a"), visit("b"))})
    assert found.events.groupby("record_key")["event_id"].nunique().to_dict() == {"a": 1, "b": 1}


def test_a_half_copied_or_hidden_file_is_not_there_yet(recorded):
    found = recorded(
        SHOP, {".a.ndjson": lines(visit("a")), "b.ndjson.part": lines(visit("b")), "c": b""}
    )
    assert found.report.events == 0


def test_a_run_killed_before_the_link_leaves_nothing_and_the_next_one_all(
    settings, recorded, monkeypatch
):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EventLog, "append", die)
        with pytest.raises(KeyboardInterrupt):
            recorded(SHOP, {"a.ndjson": lines(visit("a"), "{bad")})
    assert EventLog(settings.log).batches("shop") == []
    found = recorded(SHOP, {})
    assert found.report.events == 1
    assert len(found.quarantine) == 1


def test_the_log_refuses_to_overwrite_a_batch(settings, recorded):
    recorded(SHOP, {"a.ndjson": lines(visit("a"))})
    log = EventLog(settings.log)
    (batch,) = log.batches("shop")
    before = log.store.read(batch.key)
    fresh = log.scratch("shop", batch.stem)
    fresh.write_bytes(b"something else")
    assert log.append("shop", batch.stem, fresh) is False
    assert log.store.read(batch.key) == before
    assert not fresh.exists()


def test_two_runs_at_once_record_each_event_once(settings, recorded):
    recorded(SHOP, {"z.ndjson": lines(visit("z"))})
    (settings.landing / "shop" / "a.ndjson").write_bytes(lines(*(visit(str(n)) for n in range(99))))
    reports = []
    runs = [
        threading.Thread(target=lambda: reports.append(record(SHOP, settings, NOW)))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sum(report.events for report in reports) == 99


def test_a_batch_says_until_when_it_speaks(recorded):
    found = recorded(
        SHOP,
        {
            "a.ndjson": lines(
                visit("a"),
                visit("b", at="2026-04-01T10:00:00Z"),
                visit("soon", at=(NOW + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ")),
            )
        },
    )
    (header,) = found.headers.to_dict("records")
    assert header["occurred_at"] == datetime(2026, 4, 1, 10)
    assert json.loads(header["payload"])["events"] == 3


def test_identifiers_reach_the_log_as_keyed_hashes_only(settings, recorded):
    found = recorded(SHOP, {"a.ndjson": lines(visit("a", who="Ann.Lee+shop@Example.COM"))})
    again = recorded(SHOP, {"b.ndjson": lines(visit("b", who=" ann.lee@example.com "))})
    hashes = {one["hash"] for list_ in again.events["identifiers"] for one in list_}
    assert len(hashes) == 1
    assert found.events["identifiers"][0][0]["type"] == "email"


def test_an_identifier_that_is_none_is_reported_and_not_dropped(recorded):
    found = recorded(SHOP, {"a.ndjson": lines(visit("a", who="please call me on monday"))})
    (identifier,) = found.events["identifiers"][0]
    assert identifier["hash"] is None
    assert identifier["problem"] == "not a mail address"


def test_an_unchanged_file_is_not_digested_again(settings, recorded, monkeypatch):
    recorded(SHOP, {"a.ndjson": lines(visit("a"))})
    monkeypatch.setattr("hashlib.file_digest", None)
    landing = Landing(settings.landing, settings.root / "landing_index.json")
    assert len(landing.unseen(SHOP, set())) == 1


def test_a_mended_rule_lets_the_quarantine_through_once(settings, recorded):
    strict = replace(SHOP, records=(replace(VISIT, where="r.kind = 'bought'"),))
    recorded(strict, {"a.ndjson": lines(visit("a", kind="bought"), visit("b"), "{bad")})
    done = replay(SHOP, settings, NOW)
    assert (done.events, done.still_set_aside) == (1, 1)
    assert replay(SHOP, settings, NOW).events == 0
    found = recorded(SHOP, {})
    assert sorted(found.events["record_key"]) == ["a", "b"]
    assert len(found.quarantine) == 1


def test_a_replay_lets_refused_files_be_read_again(settings, recorded):
    whole = gzip.compress(lines(visit("a", note="x" * 5000)))
    recorded(SHOP, {"a.ndjson.gz": whole[:-9]})
    assert replay(SHOP, settings, NOW).files_released == 1
    assert len(recorded(SHOP, {}).report.refused) == 1


def test_a_reason_names_no_folder_of_this_machine():
    error = "Footer length error in file '/home/ann smith/my exports/a.parquet'"
    assert readers.first_line(OSError(error)) == "Footer length error in file 'a.parquet'"
    error = "Unexpected end of GZIP stream: /home/ann smith/my exports/a b.ndjson.gz"
    assert readers.first_line(OSError(error)) == "Unexpected end of GZIP stream: a b.ndjson.gz"


def test_a_csv_that_is_not_utf8_is_refused_in_plain_words(recorded):
    found = recorded(
        "queue_tickets", {"a.csv": "ticket_no,service\n1,Rückgabe\n".encode("latin-1")}
    )
    ((_, reason),) = found.report.refused
    assert "not UTF-8 text (byte 0xfc)" in reason


def test_records_of_one_person_are_not_multiplied(recorded):
    found = recorded(
        SHOP, {"a.ndjson": lines(*(visit(str(n), who="a@b.example") for n in range(9)))}
    )
    assert sorted(found.events["record_key"]) == [str(n) for n in range(9)]
    assert found.report.events == 9


def test_a_byte_order_mark_costs_no_record(recorded):
    found = recorded(SHOP, {"a.ndjson": b"\xef\xbb\xbf" + lines(visit("a"), visit("b"))})
    assert sorted(found.events["record_key"]) == ["a", "b"]


def test_a_line_that_is_not_utf_8_never_passes_by_a_replay(settings, recorded):
    latin = (
        json.dumps(visit("a", note="x"), ensure_ascii=False).replace("x", "\xe9").encode("latin-1")
    )
    recorded(SHOP, {"a.ndjson": latin + b"\n" + lines(visit("b"))})
    assert replay(SHOP, settings, NOW) == Replayed(0, 1, 0)
