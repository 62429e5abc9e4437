"""The project's SQL, which is DuckDB's, said in Spark's words.

SQLGlot parses and writes; here is what it would leave as it stands, or say wrongly: each rule below
names the difference. What cannot be said is an error, never another result.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ErrorLevel, UnsupportedError
from sqlglot.generator import Generator

WORD = "[0-9A-Za-z_]"
# A word's edge as RE2 has it: of ASCII letters only. Java's depends on its version.
EDGE = f"(?:(?<={WORD})(?!{WORD})|(?<!{WORD})(?={WORD}))"
NO_EDGE = f"(?:(?<={WORD})(?={WORD})|(?<!{WORD})(?!{WORD}))"
OUTSIDE_CLASSES = {
    r"\b": EDGE,
    r"\B": NO_EDGE,
    r"\s": r"[\t\n\f\r ]",
    r"\S": r"[^\t\n\f\r ]",
}


def parsed(sql: str) -> list[exp.Expr]:
    """The statements of a text in DuckDB's dialect."""
    return [statement for statement in sqlglot.parse(sql, read=AsWritten) if statement]


def spark_sql(statement: exp.Expr) -> str:
    """A statement of DuckDB's in Spark's words. Raises UnsupportedError where there are none."""
    for query in list(statement.find_all(exp.Select)):
        lateral_unnest(query)
    holder = exp.Paren(this=statement)
    # From the leaves up, so that what a rule takes over is reworded already.
    for node in reversed(list(statement.walk(bfs=True))):
        other = reworded(node)
        if other is not node:
            node.replace(other)
    return holder.this.sql(dialect=OnSpark, comments=False, unsupported_level=ErrorLevel.RAISE)


def spark_type(name: str) -> str:
    """A type of DuckDB's by Spark's name."""
    return data_type(exp.DataType.build(name, dialect="duckdb")).sql(OnSpark)


def lateral_unnest(query: exp.Select) -> None:
    """DuckDB unnests lists side by side among the columns; Spark one list, beside the rows."""
    lists = [
        unnest
        for column in query.expressions
        for unnest in column.find_all(exp.Explode, exp.Unnest)
        if unnest.parent_select is query
    ]
    if not lists:
        return
    values = [
        unnest.expressions[0] if isinstance(unnest, exp.Unnest) else unnest.this for unnest in lists
    ]
    rows = values[0]
    if len(values) > 1:
        # Shorter lists end in nulls.
        rows = exp.Anonymous(
            this="arrays_zip",
            expressions=[exp.func("coalesce", value, exp.Array()) for value in values],
        )
    for number, unnest in enumerate(lists):
        one: exp.Expr = exp.column("unnested_0", "unnested")
        if len(values) > 1:
            one = exp.Dot(this=one, expression=exp.to_identifier(str(number), quoted=True))
        unnest.replace(one)
    for column in query.expressions:
        if column.name == "unnested_0" and not isinstance(column, exp.Alias):
            raise ValueError("an unnested column needs a name")
    columns = [exp.to_identifier("unnested_0")]
    query.append(
        "laterals",
        exp.Lateral(
            this=exp.Anonymous(this="explode", expressions=[rows.copy()]),
            view=True,
            alias=exp.TableAlias(this=exp.to_identifier("unnested"), columns=columns),
        ),
    )


def reworded(node: exp.Expr) -> exp.Expr:
    """One node of the tree, reworded if there is a rule for its kind. One of a kind that nobody has
    looked at may mean something else on Spark: it raises UnsupportedError.
    """
    rule = RULES.get(type(node))
    if rule is not None:
        return rule(node)
    name = node.name.lower() if isinstance(node, exp.Anonymous) else type(node).key
    if name in NAMED:
        return NAMED[name](*node.expressions)
    if name in SPARKS_OWN or type(node) in ALIKE:
        return node
    raise UnsupportedError(f"no rule for {type(node).__name__}: {node.sql('duckdb')[:200]}")


def function(name: str) -> Callable[..., exp.Expr]:
    """A function that Spark has by another name."""
    return lambda *arguments: exp.Anonymous(this=name, expressions=list(arguments))


def sql(template: str) -> Callable[..., exp.Expr]:
    """An expression in Spark's words, of the arguments {0}, {1} ..."""
    tree = sqlglot.parse_one(re.sub(r"\{(\d)\}", r"argument_\1", template), read="spark")

    def filled(*arguments: exp.Expr) -> exp.Expr:
        copy = exp.paren(tree.copy())
        for column in list(copy.find_all(exp.Column)):
            if column.name.startswith("argument_"):
                column.replace(arguments[int(column.name[-1])].copy())
        return copy

    return filled


# -- types ------------------------------------------------------------------------------------

TYPES = {
    # An instant, in a session whose zone is UTC: shown alike, counted alike.
    exp.DType.TIMESTAMP: "timestamptz",
    exp.DType.TIMESTAMPNTZ: "timestamptz",
    exp.DType.INT128: "decimal(38, 0)",
}


def data_type(node: exp.DataType) -> exp.Expr:
    """A type by Spark's name."""
    other = TYPES.get(node.this)
    if other is None:
        return node
    said = exp.DataType.build(other, dialect="postgres")
    said.meta["naive"] = node.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
    return said


def from_json(payload: exp.Expr, structure: exp.Expr) -> exp.Expr:
    """DuckDB reads a structure leniently, and casts each value by itself; a text that Spark would
    not take for a number or time makes its whole record null. So Spark reads texts, and casts them.
    """
    shape = json.loads(structure.name)
    texts = exp.Anonymous(
        this="from_json", expressions=[payload, exp.Literal.string(texts_ddl(shape))]
    )
    return texts if all(leaf == "VARCHAR" for leaf in leaves(shape)) else typed_list(texts, shape)


def typed_list(texts: exp.Expr, shape: Any) -> exp.Expr:
    """A parsed structure with its values cast: named once, in the lambda of a list of one."""
    return exp.Bracket(
        this=exp.Anonymous(
            this="transform",
            expressions=[
                exp.Array(expressions=[texts]),
                exp.Lambda(
                    this=typed(exp.column("j0"), shape, 1), expressions=[exp.to_identifier("j0")]
                ),
            ],
        ),
        expressions=[exp.Literal.number(0)],
        offset=0,
    )


def leaves(shape: Any) -> Iterator[str]:
    """The types at the ends of a structure."""
    if isinstance(shape, dict):
        for part in shape.values():
            yield from leaves(part)
    elif isinstance(shape, list):
        yield from leaves(shape[0])
    else:
        yield shape.upper()


def texts_ddl(shape: Any) -> str:
    """Spark's name of a structure's type, all of whose values are texts."""
    if isinstance(shape, dict):
        fields = ", ".join(f"`{name}`: {texts_ddl(part)}" for name, part in shape.items())
        return f"struct<{fields}>"
    if isinstance(shape, list):
        return f"array<{texts_ddl(shape[0])}>"
    return "string"


CASTS = {
    "VARCHAR": "{0}",
    "BIGINT": "coalesce(try_cast({0} as bigint), "
    "try_cast(round(try_cast({0} as double)) as bigint))",
    "DOUBLE": "try_cast({0} as double)",
    "BOOLEAN": "try_cast({0} as boolean)",
    "TIMESTAMPTZ": "try_cast({0} as timestamp)",
}


def typed(value: exp.Expr, shape: Any, depth: int) -> exp.Expr:
    """A parsed value with its texts cast to the types of its structure."""
    if isinstance(shape, dict):
        fields = [
            argument
            for name, part in shape.items()
            for argument in (
                exp.Literal.string(name),
                typed(
                    exp.Dot(this=value.copy(), expression=exp.to_identifier(name, quoted=True)),
                    part,
                    depth,
                ),
            )
        ]
        struct = exp.Anonymous(this="named_struct", expressions=fields)
        return exp.case().when(exp.not_(exp.Is(this=value.copy(), expression=exp.null())), struct)
    if isinstance(shape, list):
        if all(leaf == "VARCHAR" for leaf in leaves(shape)):
            return value
        name = f"j{depth}"
        each = exp.Lambda(
            this=typed(exp.column(name), shape[0], depth + 1), expressions=[exp.to_identifier(name)]
        )
        return exp.Anonymous(this="transform", expressions=[value, each])
    return sql(CASTS[shape.upper()])(value)


# -- regular expressions ----------------------------------------------------------------------


# What means another thing to Java: \v is any line's end there, (?U) is about letters and here about
# greed, and a class by name is one of its letters.
ELSEWHERE = re.compile(r"\\[vVhRXQ]|\(\?[a-z]*U|\[:\^?[a-z]+:\]")


def java_pattern(pattern: str) -> str:
    """A pattern of RE2's in Java's words."""
    if found := ELSEWHERE.search(pattern.replace("\\\\", "")):
        raise UnsupportedError(f"no rule for {found[0]} in the pattern {pattern}")
    out, in_class, position = [], False, 0
    end = "$" if "(?m" in pattern else r"\z"
    while position < len(pattern):
        one = pattern[position]
        if one == "\\":
            two = pattern[position : position + 2]
            position += 2
            if in_class:
                if two == r"\S":
                    raise UnsupportedError(f"no rule for \\S in a class of the pattern {pattern}")
                out.append({r"\s": r"\t\n\f\r "}.get(two, two))
            else:
                out.append(OUTSIDE_CLASSES.get(two, two))
            continue
        if one == "[":
            # A bracket in a class is a bracket; to Java it opens a class in the class.
            out.append("\\[" if in_class else "[")
            if not in_class:
                in_class = True
                if pattern[position + 1] == "^":
                    out.append("^")
                    position += 1
                if pattern[position + 1] == "]":
                    # First in its class, it does not close it.
                    out.append("\\]")
                    position += 1
        elif one == "]" and in_class:
            out.append("]")
            in_class = False
        elif one == "&" and in_class:
            out.append(r"\&")
        elif one == "$" and not in_class:
            out.append(end)
        else:
            out.append(one)
        position += 1
    return "(?d)" + "".join(out).replace("(?i)", "(?iu)")


def pattern_of(node: exp.Expr | None) -> exp.Expr:
    """A literal pattern in Java's words. A pattern that is not literal has no translation."""
    if isinstance(node, exp.DPipe):
        parts = list(node.flatten())
        if all(isinstance(part, exp.Literal) for part in parts):
            node = exp.Literal.string("".join(part.name for part in parts))
    if not isinstance(node, exp.Literal):
        raise ValueError(f"a pattern has to be a literal: {node and node.sql('duckdb')}")
    return exp.Literal.string(java_pattern(node.name))


def regexp_extract(node: exp.Expr) -> exp.Expr:
    """The group that is meant is stated: the default is 0 here and 1 there."""
    group = node.args.get("group") or exp.Literal.number(0)
    name = "regexp_extract_all" if isinstance(node, exp.RegexpExtractAll) else "regexp_extract"
    return exp.Anonymous(this=name, expressions=[node.this, pattern_of(node.expression), group])


def regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    """Without 'g' DuckDB replaces the first match, Spark all; and a group is $1, not \\1."""
    modifiers = node.args.get("modifiers")
    options = modifiers.name if modifiers else ""
    if options not in ("", "g"):
        raise ValueError(f"no rule for the options {options!r} of regexp_replace")
    pattern, replacement = pattern_of(node.expression), node.args.get("replacement")
    shift = 0 if options == "g" else 1
    if isinstance(replacement, exp.Literal):
        words = re.sub(
            r"\\(\d)", lambda m: f"${int(m[1]) + shift}", replacement.name.replace("$", "\\$")
        )
    else:
        raise ValueError("a replacement has to be a literal")
    if options != "g":
        pattern = exp.Literal.string(rf"\A([\s\S]*?)(?:{pattern.name})")
        words = "$1" + words
    return exp.Anonymous(
        this="regexp_replace", expressions=[node.this, pattern, exp.Literal.string(words)]
    )


def regexp_like(node: exp.Expr) -> exp.Expr:
    """A match anywhere in the text."""
    return exp.Anonymous(this="regexp_like", expressions=[node.this, pattern_of(node.expression)])


def regexp_full_match(text: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    """A match of the whole text."""
    whole = exp.Literal.string(rf"\A(?:{java_pattern(pattern.name)})\z")
    return exp.Anonymous(this="regexp_like", expressions=[text, whole])


# -- lists ------------------------------------------------------------------------------------


def element(node: exp.Bracket) -> exp.Expr:
    """Places count from 1 and one that is not there is null."""
    index = node.expressions[0]
    if isinstance(index, exp.Slice):
        raise ValueError(f"no rule for slices: {node.sql('duckdb')}")
    if isinstance(index, exp.Literal) and index.is_string:
        return exp.Dot(this=node.this, expression=exp.to_identifier(index.name, quoted=True))
    # SQLGlot counts literal places from 0.
    place = exp.Literal.number(int(index.name) + 1) if isinstance(index, exp.Literal) else index
    return exp.Anonymous(this="try_element_at", expressions=[node.this, place])


def ordered_list(node: exp.ArrayAgg) -> exp.Expr:
    """A list in an order: Spark gathers in any, and drops nulls."""
    value = node.this
    if not isinstance(value, exp.Order):
        return exp.Anonymous(this="collect_list", expressions=[value])
    keys = []
    for ordered in value.expressions:
        if ordered.args.get("desc"):
            raise ValueError("list() in descending order has no rule")
        keys.append(ordered.this)
    names = [f"k{number}" for number in range(len(keys))]
    struct = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=key)
            for name, key in zip([*names, "v"], [*keys, value.this], strict=True)
        ]
    )
    gathered = exp.Anonymous(this="collect_list", expressions=[struct])
    return sql("transform(array_sort({0}), x -> x.v)")(gathered)


def list_range(node: exp.GenerateSeries) -> exp.Expr:
    """Whole numbers from one to another; none, and not backwards, where the last is too small."""
    low, high = node.args["start"], node.args["end"]
    within = "<" if node.args.get("is_end_exclusive") else "<="
    template = f"filter(sequence(least({{0}}, {{1}}), {{1}}), x -> x >= {{0}} and x {within} {{1}})"
    return sql(template)(low, high)


# -- times ------------------------------------------------------------------------------------

# The instant at which a clock on the wall shows a time. Where it does twice, DuckDB takes the later
# and Java the earlier: the later is what the offset of three hours on makes of it, if it fits.
LOCAL_INSTANT = (
    "case when from_utc_timestamp("
    "to_utc_timestamp({1} + interval 3 hours, {0}) - interval 3 hours, {0}) = {1} "
    "then to_utc_timestamp({1} + interval 3 hours, {0}) - interval 3 hours "
    "else to_utc_timestamp({1}, {0}) end"
)

# strptime's directives in Java's letters: where digits stand apart, and where they stand together.
DIRECTIVES = {
    "Y": ("yyyy", "yyyy"),
    "y": ("yy", "yy"),
    "m": ("M", "MM"),
    "d": ("d", "dd"),
    "H": ("H", "HH"),
    "I": ("h", "hh"),
    "M": ("m", "mm"),
    "S": ("s", "ss"),
    "f": ("SSSSSS", "SSSSSS"),
    "p": ("a", "a"),
    "b": ("MMM", "MMM"),
    "B": ("MMMM", "MMMM"),
    "z": ("[XXX][XX][X]", "[XXX][XX][X]"),
}


def time_format(node: exp.Expr) -> exp.Expr:
    """A format of strptime's in Java's letters."""
    tokens = re.findall(r"%-?([A-Za-z%])|([^%]+)", node.name)
    out = []
    for place, (directive, text) in enumerate(tokens):
        if directive:
            if directive not in DIRECTIVES:
                raise ValueError(f"no rule for %{directive} in the time format {node.name!r}")
            beside = [tokens[place - 1] if place else None, *tokens[place + 1 : place + 2]]
            together = any(other and other[0] for other in beside)
            out.append(DIRECTIVES[directive][together])
        else:
            out.append(
                re.sub(r"[A-Za-z]+|[\[\]{}#]", lambda m: f"'{m[0]}'", text.replace("'", "''"))
            )
    return exp.Literal.string("".join(out))


def read_time(text: exp.Expr, form: exp.Expr) -> exp.Expr:
    """A time in a format. Years of two digits from 69 on are of 19.., where Java says 20.. ."""
    read = function("try_to_timestamp")(text, time_format(form))
    if not re.search("%-?y", form.name):
        return read
    return sql("case when year({0}) < 2069 then {0} else {0} - interval 100 years end")(read)


def as_time(node: exp.Expr) -> exp.Expr:
    """Say that it is a time."""
    node.meta["kind"] = "time"
    return node


def percentile(node: exp.PercentileDisc) -> exp.Expr:
    """Of one argument, the place; what is ordered stands in `within group`."""
    if node.args.get("expression") is not None:
        raise UnsupportedError(f"no rule for {node.sql('duckdb')}: say it with `within group`")
    return node


def equal_to(value: exp.Expr) -> exp.Expr:
    """A lambda: whether one of a list is this value."""
    one = exp.column("one_of")
    same = exp.NullSafeEQ(this=one, expression=value.copy())
    return exp.Lambda(this=same, expressions=[exp.to_identifier("one_of")])


# -- the rest ---------------------------------------------------------------------------------


def date_diff(node: exp.DateDiff) -> exp.Expr:
    """Boundaries crossed, not whole units passed."""
    unit = node.text("unit").lower()
    template = {
        "day": "datediff(cast({0} as date), cast({1} as date))",
        "second": "unix_seconds({0}) - unix_seconds({1})",
    }[unit]
    return sql(template)(node.this, node.expression)


# Types that a cast goes to, by Spark's name, and what is such a thing already.
WHOLE = ("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL(38, 0)")
TIMES = ("TIMESTAMP", "DATE")
KINDS: dict[type[exp.Expr], str] = {
    **dict.fromkeys((exp.Div, exp.Pow, exp.Sqrt), "fraction"),
    **dict.fromkeys((exp.Ceil, exp.Count, exp.CountIf, exp.Floor, exp.Length), "whole"),
    **dict.fromkeys((exp.ArraySize, exp.DateDiff, exp.IntDiv, exp.RowNumber), "whole"),
    **dict.fromkeys((exp.UnixMicros, exp.UnixSeconds), "whole"),
    exp.UnixToTime: "time",
}
# What has the kind of its parts.
PASSED_ON = (
    *(exp.Add, exp.Case, exp.Coalesce, exp.Filter, exp.FirstValue, exp.Greatest, exp.If),
    *(exp.IgnoreNulls, exp.Lag, exp.LastValue, exp.Lead, exp.Least, exp.Max, exp.Min, exp.Mod),
    *(exp.Mul, exp.Neg, exp.Nullif, exp.Paren, exp.Round, exp.Sub, exp.Sum, exp.Window),
)


def kind_of(node: exp.Expr) -> str:
    """Whether a value is a "fraction", "whole", a "time" or a "text", as far as its words tell."""
    if "kind" in node.meta:
        return str(node.meta["kind"])
    if type(node) in KINDS:
        return KINDS[type(node)]
    if isinstance(node, exp.Literal) and not node.is_string:
        return "whole" if node.is_int else ""
    if isinstance(node, PASSED_ON):
        values = [node.args.get("true"), node.args.get("false")]
        if isinstance(node, exp.Case):
            values = [*(one.args["true"] for one in node.args["ifs"]), node.args.get("default")]
        elif not isinstance(node, exp.If):
            values = [node.this, node.args.get("expression"), *node.expressions]
        kinds = {
            kind_of(value)
            for value in values
            if isinstance(value, exp.Expr) and not isinstance(value, exp.Null | exp.Interval)
        }
        for kind in ("fraction", "time"):
            if kind in kinds:
                return kind
        return kinds.pop() if len(kinds) == 1 else ""
    return ""


def cast(node: exp.Cast) -> exp.Expr:
    """A value as another type. Where its words do not tell what it is, Spark does, by `typeof`."""
    value, word = node.this, "try_cast" if isinstance(node, exp.TryCast) else "cast"
    to, kind = node.to.sql(OnSpark), kind_of(node.this)
    template = f"{word}({{0}} as {to})"
    # A fraction is rounded here and cut off there.
    rounded = f"{word}(rint(cast({{0}} as double)) as {to})"
    goal = "fraction" if to in ("DOUBLE", "FLOAT") else ""
    if to in WHOLE:
        goal = "whole"
        if kind == "fraction":
            template = rounded
        elif kind != goal and not isinstance(value, exp.Literal):
            template = (
                f"case when typeof({{0}}) in ('float', 'double') then {rounded} "
                "when typeof({0}) rlike '^decimal.*,[1-9]' "
                f"then {word}(round(cast({{0}} as decimal(38, 18))) as {to}) else {template} end"
            )
    elif to == "STRING":
        goal = "text"
        if kind not in ("whole", "text", "time") and not isinstance(value, PLAIN):
            template = (
                "case when typeof({0}) rlike '^(float|double|array|struct|map|interval)' "
                "then raise_error('no rule for the text of a fraction or a list') "
                f"else {template} end"
            )
    elif to in TIMES:
        goal = "time"
        # Spark takes an hour alone for one of today, a year alone for its first day, and goes by an
        # offset where the type has no zone.
        if kind != "time" and not isinstance(value, PLAIN):
            otherwise = "" if word == "try_cast" else f"else cast(raise_error('no time') as {to}) "
            template = (
                "case when typeof({0}) != 'string' or {0} is null or "
                "cast({0} as string) rlike '^ *[0-9][0-9][0-9][0-9]+-.*-' "
                f"then {template} {otherwise}end"
            )
            if node.to.meta.get("naive"):
                template = (
                    "case when typeof({0}) = 'string' and cast({0} as string) rlike ':.*[-+zZ]' "
                    f"then cast(raise_error('an offset') as {to}) else {template} end"
                )
    said = sql(template)(value)
    said.meta["kind"] = goal
    return said


PLAIN = (exp.Literal, exp.Null, exp.Boolean)


def within(node: exp.In) -> exp.Expr:
    """A null in a subquery makes it null here and false there: no matter where rows are chosen."""
    if node.args.get("query") is None:
        return node
    child: exp.Expr = node
    parent = node.parent
    while isinstance(parent, exp.Paren):
        child, parent = parent, parent.parent
    is_denied = isinstance(parent, exp.Not)
    if isinstance(parent, exp.Not):
        child, parent = parent, parent.parent
    while isinstance(parent, exp.Paren | exp.And | exp.Or):
        child, parent = parent, parent.parent
    if isinstance(parent, exp.Where | exp.Having | exp.Qualify | exp.Filter):
        return node
    if isinstance(parent, exp.Coalesce) and parent.expressions == [exp.false()] and not is_denied:
        return node
    if isinstance(parent, exp.If | exp.Join) and child.arg_key in ("this", "on"):
        return node
    raise UnsupportedError(f"no rule for {node.sql('duckdb')[:200]} but to choose rows")


def like(node: exp.Like) -> exp.Expr:
    """A backslash stands for itself here, and takes its meaning from what follows there."""
    if not isinstance(node.expression, exp.Literal) or "\\" in node.expression.name:
        raise UnsupportedError(f"no rule for {node.sql('duckdb')}")
    return node


def character(node: exp.Chr) -> exp.Expr:
    """Beyond ASCII Spark takes the remainder of a number."""
    code = node.expressions[0]
    if not isinstance(code, exp.Literal) or int(code.name) > 127:
        raise UnsupportedError(f"no rule for {node.sql('duckdb')}")
    return node


def substring(node: exp.Substring) -> exp.Expr:
    """Places before the first, and lengths backwards, differ."""
    given = [node.args.get("start"), node.args.get("length")]
    if not all(
        part is None or (isinstance(part, exp.Literal) and part.name > "0") for part in given
    ):
        raise UnsupportedError(f"no rule for {node.sql('duckdb')}")
    return node


# Greek letters with an iota below: two letters for Java, where DuckDB has one.
IOTAS = "".join(
    chr(first + number)
    for first, count in (
        (0x1F80, 8),
        (0x1F90, 8),
        (0x1FA0, 8),
        (0x1FB3, 1),
        (0x1FC3, 1),
        (0x1FF3, 1),
    )
    for number in range(count)
)
TITLES = "".join(letter.title() for letter in IOTAS)


def one_case(name: str, letter: str) -> Callable[[exp.Lower | exp.Upper], exp.Expr]:
    """Letter by letter, as here: Java looks at neighbours and turns some letters into several.

    `letter` says what becomes of such a one, `c`.
    """
    rule = sql(
        f"case when {{0}} rlike '^[ -~]*$' then {name}({{0}}) else array_join(transform("
        f"split({{0}}, ''), c -> case when length({name}(c)) = 1 then {name}(c) else {letter} end"
        "), '') end"
    )
    return lambda node: rule(node.this)


def found_by(node: exp.ArgMax | exp.ArgMin) -> exp.Expr:
    """The value of the row with the greatest or least key: a null is no value of any row."""
    key = exp.case().when(
        exp.not_(exp.Is(this=node.this.copy(), expression=exp.null())), node.expression
    )
    name = "max_by" if isinstance(node, exp.ArgMax) else "min_by"
    return exp.Anonymous(this=name, expressions=[node.this, key])


def any_value(node: exp.AnyValue) -> exp.Expr:
    """One that is not null, if there is one."""
    return exp.Anonymous(this="any_value", expressions=[node.this, exp.true()])


RULES: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.DataType: data_type,
    exp.Cast: cast,
    exp.TryCast: cast,
    exp.In: within,
    exp.Like: like,
    exp.Chr: character,
    exp.PercentileDisc: percentile,
    exp.Substring: substring,
    exp.Lower: one_case("lower", "case when c = 'İ' then 'i' else c end"),
    exp.Upper: one_case("upper", f"translate(c, 'ß{IOTAS}', 'ẞ{TITLES}')"),
    exp.Div: lambda node: sql("cast({0} as double) / cast({1} as double)")(
        node.this, node.expression
    ),
    exp.IntDiv: lambda node: sql(
        "case when typeof({0}) rlike '^(decimal.*,[1-9]|float|double)' "
        "or typeof({1}) rlike '^(decimal.*,[1-9]|float|double)' "
        "then raise_error('no rule for whole division of a fraction') else {0} div {1} end"
    )(node.this, node.expression),
    exp.RegexpExtract: regexp_extract,
    exp.RegexpExtractAll: regexp_extract,
    exp.RegexpReplace: regexp_replace,
    exp.RegexpLike: regexp_like,
    exp.RegexpFullMatch: lambda node: regexp_full_match(node.this, node.expression),
    exp.Bracket: element,
    exp.ArrayAgg: ordered_list,
    exp.DateDiff: date_diff,
    exp.AnyValue: any_value,
    exp.ArgMax: found_by,
    exp.ArgMin: found_by,
    exp.FromJson: lambda node: from_json(node.this, node.expression),
    exp.GenerateSeries: list_range,
    # A null is no value of its own there.
    exp.ArrayDistinct: lambda node: sql("array_compact(array_distinct({0}))")(node.this),
    exp.ArraySize: lambda node: sql("size({0})")(node.this),
    # A null in a list is like nothing, and not perhaps like anything.
    exp.ArrayContains: lambda node: sql("case when {1} is not null then {0} end")(
        function("exists")(node.this, equal_to(node.expression)), node.expression
    ),
    exp.ArrayOverlaps: lambda node: sql(
        "case when {1} is not null then aggregate({0}, false, "
        "(found, one) -> found or coalesce(array_contains({1}, one), false)) end"
    )(node.this, node.expression),
    # concat() passes nulls over here and is null there.
    exp.Concat: lambda node: function("concat_ws")(exp.Literal.string(""), *node.expressions),
    exp.ArrayConcat: lambda node: sql("concat(coalesce({0}, array()), coalesce({1}, array()))")(
        node.this, *node.expressions
    ),
}

NAMED: dict[str, Callable[..., exp.Expr]] = {
    "list_sum": sql(
        "case when size(array_compact({0})) > 0 "
        "then aggregate(array_compact({0}), cast(0 as bigint), (total, x) -> total + x) end"
    ),
    "list_extract": function("try_element_at"),
    "list_reduce": sql("aggregate(slice({0}, 2, size({0})), try_element_at({0}, 1), {1})"),
    "timezone": lambda zone, wall: as_time(sql(LOCAL_INSTANT)(zone, wall)),
    "try_strptime": lambda text, form: as_time(read_time(text, form)),
    "epoch_us": function("unix_micros"),
    "date_diff": sql("unix_seconds({2}) - unix_seconds({1})"),
}


# What our macros say in Spark's words themselves.
SPARKS_OWN = (
    *("arrays_zip", "conv", "explode", "from_utc_timestamp", "timestamp_micros"),
    *("unixmicros", "unixseconds"),
)

# What both engines say alike and mean alike, with nulls, too. Of the functions among them each is
# asked in tests/spark/test_dialect.py.
ALIKE = frozenset(
    {
        *(exp.Add, exp.Alias, exp.And, exp.Array, exp.ArrayFilter, exp.ArrayMin, exp.ArraySort),
        *(exp.ArrayToString, exp.Between, exp.Boolean, exp.CTE, exp.Case, exp.Coalesce, exp.Column),
        *(exp.ConcatWs, exp.Contains, exp.Count, exp.CountIf, exp.Cube, exp.DPipe),
        *(exp.DataTypeParam, exp.DenseRank, exp.Distinct, exp.Dot, exp.EQ, exp.Except, exp.Exists),
        *(exp.Explode, exp.Filter, exp.FirstValue, exp.Floor, exp.From, exp.GT, exp.GTE),
        *(
            exp.Greatest,
            exp.Group,
            exp.GroupConcat,
            exp.Grouping,
            exp.GroupingSets,
            exp.Having,
            exp.Hex,
        ),
        *(exp.Identifier, exp.If, exp.IgnoreNulls, exp.Interval, exp.Is, exp.JSONExtract),
        *(exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathKey, exp.JSONPathRoot, exp.Join),
        *(exp.LT, exp.LTE, exp.Lag, exp.Lambda, exp.LastValue, exp.Lateral, exp.Lead, exp.Least),
        *(exp.Left, exp.Length, exp.Limit, exp.Literal, exp.LogicalAnd, exp.LogicalOr, exp.MD5),
        *(exp.Max, exp.Min, exp.Mod, exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null),
        *(exp.NullSafeEQ, exp.NullSafeNEQ, exp.Nullif, exp.Or, exp.Order, exp.Ordered, exp.Pad),
        *(exp.Paren, exp.Pow, exp.PropertyEQ, exp.Qualify, exp.Rank, exp.Replace, exp.Right),
        *(
            exp.Round,
            exp.RowNumber,
            exp.SHA2,
            exp.Select,
            exp.Split,
            exp.SplitPart,
            exp.Sqrt,
            exp.Star,
        ),
        *(exp.StartsWith, exp.StrPosition, exp.Struct, exp.Sub, exp.Subquery, exp.Sum, exp.Table),
        *(
            exp.TableAlias,
            exp.Transform,
            exp.Trim,
            exp.Tuple,
            exp.Union,
            exp.UnixToTime,
            exp.Values,
            exp.Var,
            exp.Where,
            exp.Window,
        ),
        *(exp.WindowSpec, exp.With, exp.WithinGroup),
    }
)


class AsWritten(DuckDB):
    """DuckDB's dialect as the project uses it: len() is of a list, length() of a text."""

    class Parser(DuckDB.Parser):  # type: ignore[misc, valid-type]
        FUNCTIONS = {
            **DuckDB.Parser.FUNCTIONS,
            "LEN": exp.ArraySize.from_arg_list,
        }


class OnSpark(Spark):
    """Spark's dialect as we write it."""

    class Generator(Spark.Generator):  # type: ignore[misc, valid-type]
        TRANSFORMS = {**Spark.Generator.TRANSFORMS}
        # Both know qualify.
        TRANSFORMS[exp.Select] = Generator.select_sql
        TRANSFORMS[exp.Array] = lambda self, node: self.func("array", *node.expressions)
