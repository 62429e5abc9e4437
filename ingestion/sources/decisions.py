"""Decisions of people about identifiers: the CSV of those who mend identities, one row a decision.

Columns: decided_at, decision (link, unlink, block, withdraw, propose), type_a, value_a, type_b,
value_b, decided_by (a role, not a name), reason, and if you have them decision_id, probability.
`link` says that two identifiers are one customer, `unlink` that they are not, `block` that one
names nobody, and `withdraw` takes back what was decided about two, or about one. `propose` is a
link that somebody thinks likely, with its `probability`. A row never changes: who thinks otherwise
decides again.
"""

from expectations.catalogue import IDENTIFIER_TYPES
from ingestion import readers
from ingestion.errors import MappingError
from ingestion.settings import Settings
from ingestion.source import Identifier, RecordType, Source
from ingestion.sources.mapped import mapped_names, mapped_source
from ingestion.times import instant, literal

COLUMNS = (
    *("decided_at", "decision", "type_a", "value_a", "type_b", "value_b", "decided_by"),
    "probability",
)


def decisions(settings: Settings) -> Source:
    """The source. Knows the types of the seed, and those of the mapped sources in the landing."""
    known = ", ".join(literal(type) for type in sorted(known_types(settings)))
    has_other = "coalesce(r.type_b, r.value_b, '') <> ''"
    return Source(
        name="decisions",
        channel="none",
        read=readers.csv,
        pattern=("**/*.csv", "**/*.csv.gz"),
        records=(
            RecordType(
                name="decision",
                fields=(*COLUMNS, "reason", "decision_id"),
                key="coalesce(nullif(r.decision_id, ''), md5(concat_ws(chr(31), "
                + ", ".join(f"coalesce(r.{name}, '')" for name in COLUMNS)
                + ")))",
                occurred_at=instant("r.decided_at"),
                identifiers=(
                    Identifier("", "r.value_a", type_from="r.type_a"),
                    Identifier("", "r.value_b", type_from="r.type_b"),
                ),
                checks={
                    "decision": "r.decision",
                    "number_of_identifiers": (
                        "case when case r.decision"
                        f" when 'block' then not ({has_other})"
                        f" when 'withdraw' then true else {has_other} end"
                        " then 'as decided' else 'another' end"
                    ),
                    "types_known": (
                        f"case when coalesce(r.type_a in ({known}), false)"
                        f" and (not ({has_other}) or coalesce(r.type_b in ({known}), false))"
                        " then 'yes' else 'no' end"
                    ),
                    "problem_a": "identifier_problem(r.type_a, r.value_a)",
                    "problem_b": (
                        f"case when {has_other} then identifier_problem(r.type_b, r.value_b) end"
                    ),
                    "is_about_itself": (
                        "case when r.type_a = r.type_b and identifier_form(r.type_a, r.value_a)"
                        " = identifier_form(r.type_b, r.value_b) then 'yes' else 'no' end"
                    ),
                    "has_probability": (
                        "case when r.decision <> 'propose' or coalesce("
                        "try_cast(r.probability as double) > 0"
                        " and try_cast(r.probability as double) <= 1, false)"
                        " then 'yes' else 'no' end"
                    ),
                    "decided_by": "r.decided_by",
                },
            ),
        ),
    )


def known_types(settings: Settings) -> set[str]:
    """The types of identifiers that a source may name. A mapping with a mistake names none yet."""
    found = set(IDENTIFIER_TYPES)
    for name in mapped_names(settings):
        try:
            records = mapped_source(name, settings).records
        except MappingError:
            continue  # its own run says so
        found |= {identifier.type for record in records for identifier in record.identifiers}
    return found


DECISIONS = decisions
