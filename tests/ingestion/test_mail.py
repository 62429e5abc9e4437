"""Mailboxes become events: mbox and Maildir, once a message, with customers, bounces, bad mail."""

import gzip
import json

import pytest

from ingestion.sources.email.messages import parsed

QUESTION = b"""\
Return-Path: <ann@example.com>
Delivered-To: care@company.example
Received: from mail.example.com (mail.example.com [198.51.100.7])
\tby mx1.company.example with ESMTPS id 17;
\tMon, 2 Mar 2026 10:00:09 +0100
Message-ID: <CAF+ann=1@mail.example.com>
Date: Mon, 2 Mar 2026 10:00:00 +0100
From: =?utf-8?b?QW5uIE3DvGxsZXI=?= <Ann@Example.com>
To: Company Care <care@company.example>
Subject: =?utf-8?q?Order_=231001=3A_where_is_it=3F?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Where is my order?

From here it looks lost.
"""
ANSWER = b"""\
Return-Path: <care@company.example>
Message-ID: <answer-1@company.example>
In-Reply-To: <CAF+ann=1@mail.example.com>
References: <CAF+ann=1@mail.example.com>
Date: Mon, 2 Mar 2026 12:00:00 +0100
From: Company Care <care@company.example>
To: boss@company.example, Ann <ann@example.com>, bob@example.org
Subject: Re: Order #1001: where is it?

It will be with you tomorrow.
"""
BOUNCE = b"""\
Return-Path: <>
Delivered-To: care@company.example
Message-ID: <dsn-1@mail.example.com>
Date: Mon, 2 Mar 2026 12:02:00 +0100
From: Mail Delivery System <MAILER-DAEMON@mail.example.com>
To: care@company.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_1"

--=_1
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--=_1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1

--=_1
Content-Type: text/rfc822-headers

Message-ID: <answer-1@company.example>
From: care@company.example
To: ann@example.com

--=_1--
"""


def mbox(*messages: bytes) -> bytes:
    """As mail programs write it: a separator, and every line 'From ' of a body escaped."""
    return b"".join(
        b"From ann@example.com Mon Mar  2 09:00:00 2026\n"
        + message.replace(b"\nFrom here", b"\n>From here")
        + b"\n"
        for message in messages
    )


def payloads(log) -> list[dict]:
    return [json.loads(payload) for payload in log.events["payload"]]


def people(log) -> list[list[str]]:
    return [[entry["type"] for entry in row if entry["hash"]] for row in log.events["identifiers"]]


def test_an_mbox_is_split_where_messages_begin_and_its_escaping_is_undone(recorded):
    log = recorded("mail", {"care.mbox": mbox(QUESTION, ANSWER)})
    assert len(log.events) == 2
    assert "\nFrom here it looks lost." in payloads(log)[0]["text"]


def test_a_line_of_prose_that_begins_with_from_does_not_split_a_message(recorded):
    content = b"From ann@example.com Mon Mar  2 09:00:00 2026\n" + QUESTION
    log = recorded("mail", {"care.mbox": content})
    assert len(log.events) == 1


def test_the_same_message_in_an_mbox_and_a_maildir_counts_once(recorded):
    files = {
        "care.mbox": mbox(QUESTION),
        "returns/cur/1772442000.M1P1.mx1:2,S": QUESTION.replace(b"care@", b"returns@"),
        "returns/new/1772449200.M2P1.mx1": ANSWER,
        "old.mbox.gz": gzip.compress(mbox(ANSWER)),
    }
    log = recorded("mail", files)
    assert log.events["event_id"].nunique() == 2


def test_the_key_shows_nothing_of_a_message_id_and_the_text_is_decoded(recorded):
    log = recorded("mail", {"care.mbox": mbox(QUESTION)})
    assert "@" not in log.events["record_key"][0]
    payload = payloads(log)[0]
    assert payload["subject"] == "Order #1001: where is it?"
    assert ["From", "Ann Müller <Ann@Example.com>"] in payload["headers"]
    assert payload["from"] == "ann@example.com"
    assert payload["raw"].startswith("Return-Path: <ann@example.com>\n")


def test_the_time_is_the_senders_clock_in_utc(recorded):
    log = recorded("mail", {"care.mbox": mbox(QUESTION)})
    assert str(log.events["occurred_at"][0]) == "2026-03-02 09:00:00"
    assert payloads(log)[0]["received_at"] == "2026-03-02T09:00:09Z"


def test_without_a_readable_date_the_servers_clock_counts_and_is_flagged(recorded):
    unclear = QUESTION.replace(b"Date: Mon, 2 Mar 2026 10:00:00 +0100", b"Date: 2 March")
    log = recorded("mail", {"care.mbox": mbox(unclear)})
    assert str(log.events["occurred_at"][0]) == "2026-03-02 09:00:09"
    assert list(log.events["flags"][0]) == ["server_clock"]


def test_a_senders_clock_that_is_days_ahead_gives_way_to_the_servers(recorded):
    ahead = QUESTION.replace(b"Date: Mon, 2 Mar 2026 10:00:00", b"Date: Tue, 3 Mar 2026 10:00:10")
    log = recorded("mail", {"care.mbox": mbox(ahead, ANSWER)})
    assert str(log.events["occurred_at"][0]) == "2026-03-02 09:00:09"
    assert list(log.events["flags"][0]) == ["server_clock"]


def test_what_a_mail_server_keeps_beside_the_messages_is_no_message(recorded):
    files = {"returns/dovecot-uidlist": b"3 V1 N2\n1 :x\n", "returns/cur/1.mx1": ANSWER}
    log = recorded("mail", files)
    assert len(log.events) == 1
    assert log.quarantine.empty


def test_the_customer_is_the_outside_party_whoever_wrote(recorded):
    log = recorded("mail", {"care.mbox": mbox(QUESTION, ANSWER)})
    hashes = {entry["hash"] for row in log.events["identifiers"] for entry in row}
    assert people(log) == [["email"], ["email"]]
    assert len(hashes) == 1


def test_a_bounce_is_about_the_one_it_did_not_reach(recorded):
    log = recorded("mail", {"care.mbox": mbox(QUESTION, BOUNCE)})
    report = payloads(log)[1]["report"]
    assert report == {
        "action": "failed",
        "message_id": "answer-1@company.example",
        "recipient": "ann@example.com",
        "status": "5.1.1",
    }
    assert log.events["identifiers"][0][0]["hash"] == log.events["identifiers"][1][0]["hash"]


def test_a_message_without_an_id_has_one_key_in_every_mailbox(recorded):
    nameless = QUESTION.replace(b"Message-ID: <CAF+ann=1@mail.example.com>\n", b"")
    elsewhere = nameless.replace(b"Delivered-To: care@", b"Delivered-To: returns@")
    log = recorded("mail", {"care.mbox": mbox(nameless), "returns.mbox": mbox(elsewhere)})
    assert log.events["record_key"].nunique() == 1


def test_bad_mail_is_set_aside_with_a_reason_and_the_rest_passes(recorded):
    no_zone = QUESTION.replace(b" +0100", b"").replace(b"ann=1", b"ann=2")
    no_sender = ANSWER.replace(b"From: Company Care <care@company.example>\n", b"")
    strangers = QUESTION.replace(b"company.example", b"example.net").replace(b"ann=1", b"ann=3")
    log = recorded("mail", {"care.mbox": mbox(QUESTION, no_zone, no_sender, strangers, b"\n\nhm")})
    assert len(log.events) == 1
    reasons = " | ".join(log.quarantine["reason"])
    for said in ("time zone", "no readable sender", "JOURNEYS_OWN_DOMAINS", "not a JSON object"):
        assert said in reasons


@pytest.mark.parametrize(
    "broken",
    [
        b"Subject: =?utf-9?q?x?=\nFrom: a@example.com\n\nhi",
        b"Subject: =?utf-8?b?!!!!?=\nContent-Type: text/plain; charset=klingon\n\n\xff\xfe\x00",
        b"Content-Type: multipart/mixed; boundary=x\n\nno part ever begins",
        b"From: <<<@@@>>>, ;;;\nDate: Fri, 99 Foo 20266 99:99:99 +9999\nTo: \xff\xfe\n\n",
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n--x--",
        b"Content-Transfer-Encoding: base64\nContent-Type: text/plain\n\n%%%not base64%%%",
        b"Subject: " + b"\xe9" * 40 + b"\nReferences: " + b"<a@b>" * 2000 + b"\n\n",
    ],
)
def test_a_broken_message_is_read_as_far_as_it_goes(broken: bytes):
    found = parsed(broken)
    assert found is not None
    json.dumps(found, ensure_ascii=False).encode("utf-8")
