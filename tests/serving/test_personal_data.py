"""What looks for personal data in releases finds it, and takes ids and points for neither."""

import pytest

from tests.serving.personal_data import People, looks_personal

ANN = People.of(
    {"email": ["Ann@Example.org"], "phone": ["+4930231250042"], "user_id": ["u-0000007"]},
    ["Åse"],
    ["Västergård"],
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("wrote from ann.b+shop@mail.example.co.uk twice", "mail address"),
        ("called +4930231250042", "telephone number"),
        ("called from +1 (202) 555-0142 again", "telephone number"),
        ("(030) 2312 50042", "telephone number"),
        ("paid with 4111 1111 1111 1111", "card number"),
        ("paid with 378282246310005", "card number"),
    ],
)
def test_what_looks_personal_is_found(text: str, kind: str):
    assert looks_personal(text) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "gid://shopify/Order/4111111111111111",
        "anon-4111111111111111aaaaaaaaaaaaaaaa",
        "2026-03-01 12:00:00.123456",
        "4111 1111 1111 1112",
        "phone.service > web.checkout",
        "+12.50 points",
        "d41d8cd98f00b204e9800998ecf8427e",
    ],
)
def test_an_id_or_a_figure_is_no_person(text: str):
    assert looks_personal(text) == set()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ticket of ann@example.org", "identifier"),
        ("segment/u-0000007", "identifier"),
        ("for Åse Västergård", "name"),
        ("VÄSTERGÅRD, ÅSE", "name"),
        ("030 2312 50042", "number"),
        ("0049-30-2312/50042", "number"),
    ],
)
def test_a_known_person_is_found_however_written(text: str, kind: str):
    assert kind in ANN.in_text(text)


def test_a_stranger_is_not_a_known_person():
    assert ANN.in_text("Åse of u-0000008 at 030 2312 50043, ann@example.com") == set()
