"""SQL that reads a time of a source into UTC. No record keeps a naive time.

Each builder takes SQL text expressions and returns the text of a SQL expression of type
TIMESTAMP (UTC, microseconds) that is NULL where the value cannot be read as said.
"""

_NAIVE = r"\s*\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?\s*"
_OFFSET = r"(\s?(Z|z|UTC|GMT)|\s?[+-]\d{2}(:?\d{2})?)"


def literal(text: str) -> str:
    """`text` as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def instant(value: str) -> str:
    """ISO 8601 text that carries its offset (`Z`, `+02:00`); a naive time gives NULL."""
    return (
        f"case when right({value}, 1) = 'Z' and length({value}) between 17 and 30"
        f" then try_cast({value} as timestamptz)::timestamp"
        f" when regexp_full_match({value}, {literal(_NAIVE + _OFFSET + chr(92) + 's*')})"
        rf" then try_cast(regexp_replace(trim({value}), '\s?(UTC|GMT|z)$', 'Z')"
        " as timestamptz)::timestamp"
        " end"
    )


def local(value: str, zone: str) -> str:
    """ISO text in the IANA zone that the SQL expression `zone` names; an own offset wins."""
    return f"coalesce({instant(value)}, timezone({zone}, {_naive(value)})::timestamp)"


def local_format(value: str, zone: str, fmt: str) -> str:
    """Text in a strptime format, in the zone `zone`."""
    return f"timezone({zone}, try_strptime({value}, {literal(fmt)}))::timestamp"


def end_of_local_day(value: str, zone: str, fmt: str | None = None) -> str:
    """The last microsecond of the local day that a date names."""
    day = f"try_strptime({value}, {literal(fmt)})::date" if fmt else f"try_cast({value} as date)"
    return f"(timezone({zone}, ({day} + 1)::timestamp)::timestamp - interval 1 microsecond)"


def epoch_seconds(value: str) -> str:
    """Seconds since 1970, whole or fractional."""
    return f"make_timestamp(try_cast(try_cast({value} as decimal(30, 6)) * 1000000 as bigint))"


def epoch_millis(value: str) -> str:
    """Milliseconds since 1970."""
    return f"make_timestamp(try_cast(try_cast({value} as decimal(30, 3)) * 1000 as bigint))"


def epoch_micros(value: str) -> str:
    """Microseconds since 1970."""
    return f"make_timestamp(try_cast({value} as bigint))"


def missing_local(value: str, zone: str) -> str:
    """True where the naive local time was skipped by the clocks (spring)."""
    naive = _naive(value)
    return f"coalesce(timezone({zone}, timezone({zone}, {naive})) <> {naive}, false)"


def ambiguous_local(value: str, zone: str) -> str:
    """True where the naive local time occurred twice (autumn)."""
    naive = _naive(value)
    return " or ".join(
        f"coalesce(timezone({zone}, timezone({zone}, {naive}) {sign} interval 1 hour)"
        f" = {naive}, false)"
        for sign in ("+", "-")
    )


def _naive(value: str) -> str:
    return (
        f"case when regexp_full_match({value}, {literal(_NAIVE)})"
        f" then try_cast(trim({value}) as timestamp) end"
    )
