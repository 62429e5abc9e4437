"""Identifiers: one normal form a value, and a keyed hash."""

import pytest

from ingestion.identifiers import Identifiers

ONE = Identifiers(b"a secret of the tests", "US")


@pytest.mark.parametrize(
    ("type", "value", "normal"),
    [
        ("phone", "+1 (202) 555-0143", "+12025550143"),
        ("phone", "202-555-0143", "+12025550143"),
        ("phone", "+442079460018", "+442079460018"),
        ("phone", "tel:+1-202-555-0143", "+12025550143"),
        ("phone", "202 555 0143 ext. 7", "+12025550143"),
        ("phone", "202 555 0143x7", "+12025550143"),
        ("phone", "0044 20 7946 0018", "+442079460018"),
        ("email", "Ann.Lee+news@Example.COM", "ann.lee@example.com"),
        ("email", "Ann.Lee+news@googlemail.com", "annlee@gmail.com"),
        ("email", '"Lee, Ann" <ann@example.org>', "ann@example.org"),
        ("email", "mailto:ann@example.org", "ann@example.org"),
        ("loyalty_id", " L-77 ", "L-77"),
        ("customer", "9664491.0", "9664491"),
        ("customer", "9.664491E+06", "9664491"),
        ("customer", "0.0", "0"),
        ("phone", "12025550143.0", "+12025550143"),
        ("customer", "007", "007"),
        ("cookie", "1.2.0", "1.2.0"),
        ("customer", "12e45", "12e45"),
        ("customer", "Zoe\u0308", "Zo\u00eb"),
        ("customer", "\ufeffann\u200b", "ann"),
    ],
)
def test_a_value_has_one_normal_form(type, value, normal):
    assert ONE.normalise(type, value).value == normal


@pytest.mark.parametrize(
    ("type", "value", "problem"),
    [
        ("phone", "call me maybe", "letters in a phone number"),
        ("phone", "1-800-FLOWERS", "letters in a phone number"),
        ("phone", "()", "not a phone number"),
        ("phone", "2025550143; 2025550144", "several phone numbers"),
        ("phone", "12", "not a possible phone number"),
        ("email", "please reply to my old address", "not a mail address"),
        ("email", "ann@localhost", "not a mail address"),
        ("user_id", "x" * 10_000, "longer than 320 characters"),
        ("user_id", "   ", "empty"),
        ("user_id", "\u200b", "empty"),
        ("customer", "9.66449E+11", "a number cut short by a spreadsheet"),
        ("phone", "1.20256E+10", "a number cut short by a spreadsheet"),
    ],
)
def test_what_is_none_says_why(type, value, problem):
    assert ONE.normalise(type, value) == (None, problem)


def test_the_same_value_of_another_type_or_under_another_secret_has_another_hash():
    hashes = {
        ONE.hash("user_id", "7"),
        ONE.hash("loyalty_id", "7"),
        Identifiers(b"another secret of them", "US").hash("user_id", "7"),
    }
    assert len(hashes) == 3
    assert all(len(one) == 32 for one in hashes)
