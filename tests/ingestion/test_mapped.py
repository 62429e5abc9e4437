"""Mapped sources: any table, described by a mapping and no code; a mistake names its line."""

import json
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from ingestion import mapping as described
from ingestion.errors import MappingError
from ingestion.event_log import EventLog
from ingestion.mapping_check import report
from ingestion.record import has_news
from ingestion.replay import replay
from ingestion.sources import find, mapped
from tests.ingestion.conftest import NOW

SIGNALS = """
files: events.csv
format: csv
time_zone: Europe/Berlin
customer: customer
interactions:
  - occurred_at: occurred_at
    channel: channel
    touchpoint: touchpoint
    signal: signal
    issue: issue
    phase: phase
    measure: measure
    promise_id: promise_id
    due_at: due_at
"""
HEADER = "customer,occurred_at,channel,touchpoint,signal,issue,phase,measure,promise_id,due_at\n"
GOOD = "ann,2026-03-01 10:00,phone,phone.service,contact.problem,i1,after,,,\n"


@pytest.fixture
def read(recorded, settings):
    """`read(mapping, {file: text})`: record them; the log and the rows as staging reads them."""

    def run(mapping: str, files: dict[str, str | bytes], now=NOW):
        found = recorded(
            _land(settings, mapping),
            {k: v if isinstance(v, bytes) else v.encode() for k, v in files.items()},
            now,
        )
        return found, _as_staging_reads(settings, found.events)

    return run


def _land(settings, mapping: str):
    folder = settings.landing / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.yml").write_text(mapping)
    return "shop"


def _as_staging_reads(settings, events: pd.DataFrame) -> list[dict]:
    import duckdb

    rows = []
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register("events", events[["record_type", "record_key", "payload"]])
        for entry in mapped.staging(EventLog(settings.log)):
            for said in entry["interactions"]:
                columns = ", ".join(f"{sql} as {name}" for name, sql in said["columns"].items())
                frame = connection.execute(
                    f"select record_key, {columns} from (select record_key, "
                    f"from_json(payload, '{entry['structure']}') as r from events "
                    f"where record_type = '{entry['record']}') where {said['where']} "
                    f"and {said['columns']['occurred_at']} is not null order by record_key",
                ).df()
                rows += frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


def test_the_column_names_of_a_signal_log_map_one_to_one(read):
    _, (row,) = read(SIGNALS, {"events.csv": HEADER + GOOD})
    assert row["record_key"] == "000000001"
    assert row["occurred_at"] == datetime(2026, 3, 1, 9)
    assert (row["signal"], row["subject_type"], row["subject_key"], row["phase"]) == (
        "contact.problem", "issue", "i1", "after",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("ann,2026-03-01 10:00,phone,t,contact.porblem,i1,after,,,", "not in the friction"),
        ("ann,2026-03-01 10:00,phone,t,contact.problem,i1,afterwards,,,", "phase is not one of"),
        ("ann,2026-03-01 10:00,Phone Call,t,contact.problem,i1,,,,", "not a lower-case word"),
        ("ann,2026-03-01 10:00,phone,t,queue.wait,i1,after,,,", "measure is missing"),
        ("ann,2026-03-01 10:00,phone,t,queue.wait,i1,after,-1,,", "negative"),
        ("ann,2026-03-01 10:00,phone,t,contact.problem,i1,after,-1,,", "negative"),
        ("ann,2026-03-01 10:00,phone,t,,i1,after,,,", "signal is missing"),
        ("ann,2026-03-01 10:00,phone,t,queue.wait,i1,after,long,,", "not a number"),
        ("ann,2026-03-01 10:00,,t,promise.made,i1,,,p1,2026-02-01 10:00", "before the promise"),
        ("ann,2026-03-01 10:00,,t,promise.made,i1,,,p1,", "due time is missing"),
        ("ann,2026-03-01 10:00,,t,promise.made,i1,,,p1,soon", "unreadable"),
        ("ann,2026-03-01 10:00,,t,promise.made,i1,,,,2026-03-09", "no promise_id"),
        ("ann,2026-02-30 10:00,phone,t,contact.problem,i1,after,,,", "time is missing"),
        ("ann,,phone,t,contact.problem,i1,after,,,", "time is missing"),
        ("ann,2026-03-01 10:00,phone", "not a JSON object"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason_and_the_rest_goes_through(read, row, reason):
    found, rows = read(SIGNALS, {"events.csv": HEADER + GOOD + row + "\n" + GOOD})
    assert len(rows) == 2
    (aside,) = found.quarantine.to_dict("records")
    assert reason in aside["reason"]


def test_true_and_false_are_read_as_people_and_pandas_write_them(read):
    mapping = SIGNALS + "    moment_of_truth: promise_id\n"
    written = ("True", "1", "1.0", "yes", "False", "0.0", "", "maybe")
    rows = [GOOD.replace("after,,,", f"after,,{text},") for text in written]
    found, read_rows = read(mapping, {"events.csv": HEADER + "".join(rows)})
    flags = [row["is_moment_of_truth"] for row in read_rows]
    assert flags == [True] * 4 + [False] * 3
    assert "neither true nor false" in found.quarantine["reason"][0]


def test_a_naive_time_without_a_declared_zone_is_refused(read):
    found, rows = read(
        SIGNALS.replace("time_zone: Europe/Berlin\n", ""), {"events.csv": HEADER + GOOD}
    )
    assert rows == []
    assert "without a time zone" in found.quarantine["reason"][0]


def test_a_row_without_a_key_is_numbered_first_and_keeps_its_number_in_a_replay(read, settings):
    mapping = SIGNALS.replace("files: events.csv", 'files: "*.csv"')
    zoned = GOOD.replace("10:00", "10:00+01:00")
    found, _ = read(mapping.replace("time_zone: Europe/Berlin\n", ""),
                    {"b/events.csv": HEADER + zoned + GOOD})  # fmt: skip
    assert list(found.events["record_key"]) == ["000000001:b/events.csv"]
    _land(settings, mapping)
    assert replay(mapped.mapped_source("shop", settings), settings, NOW).events == 1
    found, _ = read(mapping, {})
    assert sorted(found.events["record_key"]) == [
        "000000001:b/events.csv",
        "000000002:b/events.csv",
    ]


def test_local_hours_that_never_were_or_were_twice_are_flagged(read):
    spring = GOOD.replace("2026-03-01 10:00", "2026-03-29 02:30")
    autumn = GOOD.replace("2026-03-01 10:00", "2026-10-25 02:30")
    found, _ = read(SIGNALS, {"events.csv": HEADER + GOOD + spring + autumn})
    flags = [list(flags) for flags in found.events.sort_values("record_key")["flags"]]
    assert flags == [[], ["missing_local_time"], ["ambiguous_local_time"]]


def test_a_date_without_a_time_is_due_at_the_end_of_its_local_day(read):
    row = "ann,2026-03-01 10:00,,t,promise.made,i1,,,p1,2026-03-10\n"
    _, (made,) = read(SIGNALS, {"events.csv": HEADER + row})
    assert made["due_at"] == datetime(2026, 3, 10, 22, 59, 59, 999999)
    assert made["is_date"] is True


@pytest.mark.parametrize(
    ("due", "format", "when"),
    [
        ("03/10/2026 03:30:00 PM", "%m/%d/%Y %I:%M:%S %p", datetime(2026, 3, 10, 14, 30)),
        ("3/10/26 9:05", "%-m/%-d/%y %-H:%M", datetime(2026, 3, 10, 8, 5)),
        ("10-Mar-2026", "%d-%b-%Y", datetime(2026, 3, 10, 22, 59, 59, 999999)),
    ],
)
def test_a_due_in_a_format_of_its_own_is_a_date_only_where_the_format_has_no_hour(
    read, due, format, when
):
    mapping = SIGNALS.replace("due_at: due_at", f'due_at: {{column: due_at, format: "{format}"}}')
    row = f"ann,2026-03-01 10:00,,t,promise.made,i1,,,p1,{due}\n"
    _, (made,) = read(mapping, {"events.csv": HEADER + row})
    assert made["due_at"] == when


def test_texts_that_mean_nothing_are_empty_whatever_they_stand_for(read):
    mapping = SIGNALS.replace("format: csv\n", 'format: csv\nempty: [NA, "-"]\n').replace(
        "    due_at: due_at\n", "    due_at: due_at\n    if: {issue: {present: true}}\n"
    )
    rows = GOOD.replace(",after,", ",NA,") + GOOD.replace("i1", "-") + GOOD.replace("ann", "NA")
    found, (first, third) = read(mapping, {"events.csv": HEADER + rows})
    assert found.report.set_aside == 0
    assert (first["phase"], third["subject_key"]) == (None, "i1")
    assert [len(people) for people in found.events.sort_values("record_key")["identifiers"]] == [
        1, 1, 0,
    ]  # fmt: skip


def test_a_measure_is_the_time_since_another_column_and_a_condition_compares_two_times(read):
    mapping = """
files: orders.csv
time_zone: America/Sao_Paulo
key: id
interactions:
  - occurred_at: came
    optional: true
    if: {came: {by: {column: promised, date: true}}}
    touchpoint: {value: delivery}
    signal: {value: delivery.latency}
    measure: {since: bought}
  - occurred_at: came
    optional: true
    if: {came: {after: {column: promised, date: true}}}
    touchpoint: {value: delivery}
    signal: {value: web.slow_page}
    measure: {since: bought}
"""
    orders = """id,bought,promised,came
in-time,2026-03-01 10:00:00.5,2026-03-09 00:00:00,2026-03-09 23:59:59.4
late,2026-03-09 10:00,2026-03-09 00:00:00,2026-03-10 00:00:00.001
never,2026-03-01 10:00,2026-03-09 00:00:00,
before,2026-03-09 10:00,2026-03-09 00:00:00,2026-03-09 09:59:59.9
unknown,,2026-03-09 00:00:00,2026-03-09 10:00
"""
    found, rows = read(mapping, {"orders.csv": orders})
    assert [(row["record_key"], row["signal"], row["measure"]) for row in rows] == [
        ("in-time", "delivery.latency", 8 * 86400 + 13 * 3600 + 59 * 60 + 58),
        ("late", "web.slow_page", 14 * 3600 * 1000 + 1),
    ]
    assert set(found.quarantine["record_key"]) == {"before", "unknown"}
    assert all("measure is missing, negative" in reason for reason in found.quarantine["reason"])


@pytest.mark.parametrize("measure", ["1e19", "12345678901234567890", "1" + "0" * 30])
def test_a_measure_too_large_to_count_is_set_aside_alone(read, measure):
    row = GOOD.replace("contact.problem", "queue.wait").replace(",after,,", f",after,{measure},")
    largest = row.replace(measure, str(2**63 - 1))
    found, (kept,) = read(SIGNALS, {"events.csv": HEADER + row + largest})
    assert found.report.set_aside == 1
    assert kept["measure"] == 2**63 - 1


def test_a_promise_kept_that_names_none_is_read_and_flagged_later(read):
    row = GOOD.replace("contact.problem", "promise.kept")
    unnamed = GOOD.replace("contact.problem", "promise.updated")
    found, (kept,) = read(SIGNALS, {"events.csv": HEADER + row + unnamed})
    assert (kept["signal"], kept["promise_id"]) == ("promise.kept", None)
    assert found.report.set_aside == 1


def test_a_fractional_measure_rounds_down_and_units_are_converted(read):
    in_minutes = SIGNALS.replace("measure: measure", "measure: {column: measure, unit: min}")
    row = GOOD.replace("contact.problem", "queue.wait").replace(",after,,", ",after,1.99,")
    _, (wait,) = read(in_minutes, {"events.csv": HEADER + row})
    assert wait["measure"] == 119


def test_one_row_may_give_several_interactions_each_with_its_own_time_and_condition(read):
    mapping = """
files: "*.ndjson"
format: ndjson
key: id
interactions:
  - {occurred_at: opened, touchpoint: {value: city.request}, kind: {value: contacted},
     promise: {value: made}, promise_id: id, due_at: due, subject: {type: request, key: id}}
  - {occurred_at: closed, optional: true, touchpoint: {value: city.request},
     kind: {value: replied}, direction: {value: outbound}, if: {status: [closed]},
     promise: {value: kept}, promise_id: id}
"""
    records = [
        {"id": "1", "opened": "2026-03-01T10:00:00Z", "due": "2026-03-05T10:00:00Z",
         "closed": "2026-03-04T10:00:00Z", "status": "closed"},
        {"id": "2", "opened": "2026-03-01T10:00:00Z", "due": "2026-03-05T10:00:00Z",
         "closed": None, "status": "open"},
        {"id": "3", "opened": "2026-03-01T10:00:00Z", "due": "2026-03-05T10:00:00Z",
         "closed": "2026-03-04T10:00:00Z", "status": "draft"},
    ]  # fmt: skip
    text = "\n".join(json.dumps(record) for record in records)
    _, rows = read(mapping, {"a.ndjson": text})
    assert [(row["record_key"], row["promise_event"]) for row in rows] == [
        ("1", "made"), ("2", "made"), ("3", "made"), ("1", "kept"),
    ]  # fmt: skip


def test_parquet_reads_as_csv_does(read, tmp_path):
    frame = pd.DataFrame(
        {"id": ["a"], "at": [pd.Timestamp("2026-03-01 10:00")], "wait": [61], "who": ["ann"]}
    )
    frame.to_parquet(tmp_path / "a.parquet")
    mapping = """
files: "*.parquet"
format: parquet
key: id
time_zone: UTC
customer: who
interactions:
  - occurred_at: at
    touchpoint: {value: phone.service}
    signal: {value: queue.wait}
    measure: wait
"""
    _, (row,) = read(mapping, {"a.parquet": (tmp_path / "a.parquet").read_bytes()})
    assert (row["record_key"], row["measure"]) == ("a", 61)
    assert row["occurred_at"] == datetime(2026, 3, 1, 10)


def test_values_and_prefixes_translate_what_was_exported(read):
    mapping = SIGNALS.replace(
        "    phase: phase\n", "    phase: {column: phase, values: {AFT: after}}\n"
    ).replace("    issue: issue\n", "    issue: {column: issue, prefix: case-}\n")
    _, (row,) = read(mapping, {"events.csv": HEADER + GOOD.replace("after", "AFT")})
    assert (row["phase"], row["subject_key"]) == ("after", "case-i1")


def test_a_call_log_of_a_bank_is_read_as_it_is_exported(read):
    """Tabs, a date and a time in columns of their own, and a number that means nobody."""
    calls = """\
files: "*.txt"
time_zone: Asia/Jerusalem
key: [date, call_id]
identifiers:
  - {type: user_id, column: customer_id, values: {0: null}}
interactions:
  - {occurred_at: {columns: [date, vru_entry], format: "%y%m%d %H:%M:%S"},
     touchpoint: {value: phone.bank}, outcome: outcome}
"""
    found, rows = read(
        calls,
        {
            "january.txt": "vru+line\tcall_id\tcustomer_id\tdate\tvru_entry\toutcome\n"
            "AA0101\t33116\t9664491\t990101\t0:00:31\tHANG\n"
            "AA0101\t33117\t0\t990131\t10:02:00\tAGENT\n"
            "AA0102\t33118\t7\t990131\t\tAGENT\n"
        },
    )
    assert [row["occurred_at"] for row in rows] == [
        datetime(1998, 12, 31, 22, 0, 31),
        datetime(1999, 1, 31, 8, 2),
    ]
    assert [row["record_key"] for row in rows] == ["990101/33116", "990131/33117"]
    assert [len(named) for named in found.events["identifiers"]] == [1, 0]
    assert "is missing" in found.quarantine["reason"][0]


def test_a_file_without_a_named_column_is_set_aside_with_its_columns(read):
    found, _ = read(SIGNALS, {"events.csv": "customer,occurred_at\nann,2026-03-01 10:00\n"})
    ((_, reason),) = found.report.refused
    assert "has no column" in reason
    assert "'touchpoint'" in reason
    assert "its columns are customer, occurred_at" in reason


def test_quotes_line_breaks_semicolons_and_a_byte_order_mark_are_read(read):
    text = (
        "\ufeff" + HEADER.replace(",", ";") + GOOD.replace(",", ";").replace("i1", '"a;""b""\nc"')
    )
    _, (row,) = read(SIGNALS, {"events.csv": text.replace("\n", "\r\n", 1)})
    assert row["subject_key"] == 'a;"b"\nc'


def test_a_mended_mapping_enters_the_log_without_a_new_file(read, recorded, settings):
    read(SIGNALS, {"events.csv": HEADER + GOOD})
    mended = SIGNALS.replace("phase: phase", "phase: {value: before}")
    source = _land(settings, mended)
    assert has_news(find(source, settings), settings)
    found = recorded(source, {})
    assert found.report.batches == 1
    (row,) = _as_staging_reads(settings, found.events)
    assert row["phase"] == "before"
    assert not recorded("shop", {}).report.has_news


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format: csv", "format: xlsx", "line 3, format: 'xlsx' is not allowed. Allowed: csv"),
        ("phase: phase", "fase: phase", "line 12, interactions.0.fase: unknown key 'fase'"),
        ("phase: phase", "phase: {value: early}", "Allowed: before, beginning, during, after"),
        ("Europe/Berlin", "Berlin", "line 4, time_zone: 'Berlin' is not an IANA time zone"),
        ("  - occurred_at: occurred_at\n    channel", "  - channel", "`occurred_at` is missing"),
        ("measure: measure", "measure: {column: m, unit: hours}", "Allowed: ms, s, min, h, d"),
        ("files: events.csv", "files: ../secret.csv", "not a pattern below the folder"),
        ("signal: signal", "signal: {colum: signal}", "unknown key 'colum'"),
        ("signal: signal", "signal: {}", "needs either `column`, `columns` or `value`"),
        (
            "signal: signal",
            "signal: {columns: signal}",
            "signal.columns: must be a list of columns",
        ),
        ("measure: measure", "measure: {since: a, unit: s}", "Allowed: since, format, time_zone"),
        ("phase: phase", "if: {phase: {until: a}}", "Allowed: in, not_in, present, by, after"),
        ("customer: customer", "customer: customer\ncustomer: other", "stands twice"),
        ("customer: customer", "customer: [", "shop/mapping.yml, line 7: not YAML"),
    ],
)
def test_a_mapping_with_a_mistake_is_refused_with_line_key_and_allowed_values(
    tmp_path, old, new, said
):
    path = tmp_path / "shop" / "mapping.yml"
    path.parent.mkdir()
    assert old in SIGNALS
    path.write_text(SIGNALS.replace(old, new))
    with pytest.raises(MappingError) as error:
        described.read(path.parent.name, path.read_bytes())
    assert said in str(error.value)


def test_olists_parcel_in_time_tells_how_long_it_took_and_a_late_one_only_breaks_its_date(read):
    mapping = Path(mapped.__file__).parents[1] / "mappings" / "olist" / "mapping.yml"
    orders = """\
order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,\
order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
in-time,c1,delivered,2018-10-20 10:00:00,,,2018-11-04 23:59:59,2018-11-04 00:00:00
late,c2,delivered,2018-10-20 10:00:00,,,2018-11-05 00:00:00,2018-11-04 00:00:00
never,c3,shipped,2018-10-20 10:00:00,,,,2018-11-04 00:00:00
"""
    _, rows = read(mapping.read_text(), {"olist_orders_dataset.csv": orders})
    # the clocks went forward at midnight of the 4th of November: that day has 23 hours
    assert {row["due_at"] for row in rows if row["promise_event"] == "made"} == {
        datetime(2018, 11, 5, 1, 59, 59, 999999)
    }
    assert [row["record_key"] for row in rows if row["promise_event"] == "kept"] == [
        "in-time", "late",
    ]  # fmt: skip
    assert [
        (row["record_key"], row["signal"], row["measure"]) for row in rows if row["signal"]
    ] == [
        ("in-time", "delivery.latency", 15 * 86400 + 12 * 3600 + 59 * 60 + 59),
    ]


def test_a_dry_run_shows_the_first_rows_and_what_would_be_set_aside(settings):
    _land(settings, SIGNALS)
    folder = settings.landing / "shop"
    (folder / "events.csv").write_text(HEADER + GOOD + GOOD.replace("contact.problem", "oops"))
    said = "\n".join(report(folder / "mapping.yml", settings, NOW))
    assert "2 rows read, 1 would be set aside" in said
    assert "the signal is missing, or not in the friction catalogue (first: row 2)" in said
    assert "signal=contact.problem" in said
    assert not settings.log.exists()
    (folder / "events.csv").write_text(HEADER + GOOD.replace("2026-03-01 10:00", "1/3/2026 10:00"))
    said = "\n".join(report(folder / "mapping.yml", settings, NOW))
    assert "needs its `format`, such as '%d/%m/%Y %H:%M'" in said


def test_a_dry_run_says_who_is_named_and_what_names_nobody(settings):
    people = """
files: people.csv
identifiers:
  - {type: email, column: mail}
  - {type: badge, column: badge}
"""
    _land(settings, people)
    folder = settings.landing / "shop"
    (folder / "people.csv").write_text("mail,badge\nann@example.org,b1\ncall me,\n")
    said = "\n".join(report(folder / "mapping.yml", settings, NOW))
    assert "  email: 1 usable, 1 x not a mail address\n" in said + "\n"
    assert "  badge: 1 usable (of no listed type: anonymous_id, " in said


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_column_may_have_any_name_also_those_that_the_reader_uses_itself(
    recorded, settings, tmp_path, form
):
    rows = {
        "number": ["n1", "n2"],
        "row": ["x", "y"],
        "file_no": ["7", "8"],
        "payload": ["p", "q"],
        "_row": ["a", "b"],
        "at": ["2026-03-01", "2026-03-02"],
    }
    table = tmp_path / f"table.{form}"
    if form == "csv":
        pd.DataFrame(rows).to_csv(table, index=False)
    else:
        pd.DataFrame(rows).to_parquet(table)
    mapping = f"""
files: "table.{form}"
format: {form}
time_zone: UTC
key: [number, row]
interactions: [{{occurred_at: at, touchpoint: payload, outcome: file_no, reason: _row}}]
"""
    found = recorded(_land(settings, mapping), {table.name: table.read_bytes()})
    assert found.events["record_key"].tolist() == ["n1/x", "n2/y"]
    assert [json.loads(payload) for payload in found.events["payload"]] == [
        dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)
    ]


def test_a_request_that_a_later_export_closes_is_a_later_version(recorded, settings):
    mapping = Path(mapped.__file__).parents[1] / "mappings" / "service_requests" / "mapping.yml"
    _land(settings, mapping.read_text())
    header = "case_enquiry_id,open_dt,sla_target_dt,closed_dt,reason,neighborhood\n"
    opened = "1,2026-02-01 10:00:00,2026-02-03 03:30:00,{closed},,\n"
    recorded("shop", {"monday.csv": (header + opened.format(closed="NA")).encode()})
    closed = opened.format(closed="2026-02-03 03:30:00")
    found = recorded("shop", {"friday.csv": (header + closed).encode()})
    ranked = found.events.sort_values("version_rank")["payload"].tolist()
    assert len(ranked) == 2
    assert [json.loads(payload)["closed_dt"] for payload in ranked] == ["NA", "2026-02-03 03:30:00"]


def test_a_folder_that_names_no_source_is_refused_by_the_dry_run_too(settings):
    folder = settings.landing / "My Shop"
    folder.mkdir(parents=True)
    (folder / "mapping.yml").write_text(SIGNALS)
    with pytest.raises(MappingError, match="My Shop: a source is named by its folder"):
        list(report(folder / "mapping.yml", settings, NOW))
