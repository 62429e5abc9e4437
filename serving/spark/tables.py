"""The tables and views of a Spark build in one session: told to it when they are read."""

import csv
import json
import shutil
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType
from sqlglot import exp

from serving.spark.dialect import parsed, spark_sql, spark_type
from serving.spark.relations import TEMPORARY, Files, Name, View, read, record_of, write_record

# Beyond so many tables to read, what is read twice is written down.
MANY = 20


class Tables:
    """All tables and views below one folder, in one session. Safe for threads."""

    def __init__(self, session: SparkSession, folder: str, sources: Mapping[str, str]) -> None:
        self.session = session
        self.folder = Path(folder)
        self.lock = threading.RLock()
        self.changing = threading.Lock()
        self.all: dict[Name, Files | View] = {}
        # How often a name was given a new meaning, and when each was last told to the session.
        self.changes = 0
        self.changed: dict[Name, int] = {}
        self.told: dict[Name, int] = {}
        for source, path in sources.items():
            self.keep(Name(*source.split(".")), Files(path, None))
        for record in sorted(self.folder.glob("*/*.json")):
            name = Name(record.parent.name, record.stem)
            if name.schema != TEMPORARY:
                self.keep(name, read(record))

    def keep(self, name: Name, kept: Files | View) -> None:
        """Let a name stand for something, in this process."""
        with self.lock:
            self.changes += 1
            self.all[name] = kept
            self.changed[name] = self.changes

    def now(self) -> dict[Name, Files | View]:
        """All tables and views at this moment, whoever adds one in the next."""
        return self.all.copy()

    def run(self, sql: str) -> DataFrame | None:
        """Run the statements of a text in DuckDB's dialect; return what the last one selects."""
        frame = None
        for statement in parsed(sql):
            frame = self.run_one(statement)
        return frame

    def run_one(self, statement: exp.Expr) -> DataFrame | None:
        """Run one statement."""
        if isinstance(statement, exp.Create):
            query = statement.expression
            if isinstance(query, exp.Subquery):
                query = query.unnest()
            name = name_of(statement.this, bool(statement.find(exp.TemporaryProperty)))
            if statement.kind == "VIEW":
                self.create_view(name, query)
            else:
                self.write_query(name, query)
            return None
        if isinstance(statement, exp.Insert):
            # One at a time: each reads what the one before has written.
            with self.changing:
                self.insert(statement)
            return None
        if isinstance(statement, exp.Delete):
            name = self.known(statement.this)
            condition = statement.args["where"].this
            kept = exp.select("*").from_(statement.this.copy())
            gone = exp.func("coalesce", exp.paren(condition.copy()), exp.false())
            with self.changing:
                self.write(name, self.select(kept.where(exp.not_(gone))))
            return None
        if isinstance(statement, exp.Query):
            return self.select(statement)
        raise NotImplementedError(f"no way to run on Spark: {statement.sql('duckdb')[:200]}")

    def insert(self, statement: exp.Insert) -> None:
        """Add the rows of a query to a table: by place, by name, or to the columns it lists."""
        table, rows = statement.this, statement.expression
        by_name = bool(statement.args.get("by_name"))
        if isinstance(table, exp.Schema):
            for place, column in enumerate(table.expressions):
                rows.expressions[place].replace(
                    exp.alias_(rows.expressions[place].unalias(), column.name)
                )
            table, by_name = table.this, True
        both = exp.union(exp.select("*").from_(table.copy()), rows, distinct=False)
        both.set("by_name", by_name)
        self.write(self.known(table), self.select(both))

    def select(self, query: exp.Expr) -> DataFrame:
        """The rows of a query, not worked out yet."""
        query = query.copy()
        for name in self.named(query):
            self.tell(name)
        return self.session.sql(spark_sql(self.spelled(query)))

    def spelled(self, query: exp.Expr) -> exp.Expr:
        """The query with columns named where Spark has no word for them all: in `union by name` and
        `* replace`. Its tables are named as the session knows them.
        """
        starred = [star for star in query.find_all(exp.Star) if star.args.get("replace")]
        by_name = [union for union in query.find_all(exp.Union) if union.args.get("by_name")]
        if not starred and not by_name:
            return query
        holder = exp.Paren(this=query)
        for star in starred:
            self.spell_star(star)
        # Those within others, and those that others read, come first.
        for union in reversed(by_name):
            if not (isinstance(union.parent, exp.Union) and union.parent.args.get("by_name")):
                self.spell_union(union)
        return holder.this

    def columns(self, query: exp.Expr) -> list[str]:
        """The names of the columns of a part of a query, which may read the CTEs before it."""
        around = query.find_ancestor(exp.CTE)
        alone = query.copy()
        before: list[exp.Expr] = []
        while around is not None:
            assert around.parent is not None
            ctes = around.parent.expressions
            before = [*(cte.copy() for cte in ctes[: ctes.index(around)]), *before]
            around = around.find_ancestor(exp.CTE)
        whole = query.root().find(exp.With)
        if not before and whole is not None and query.find_ancestor(exp.CTE) is None:
            before = [cte.copy() for cte in whole.expressions]
        if before:
            alone = exp.select("*").from_(
                exp.Subquery(this=alone, alias=exp.TableAlias(this=exp.to_identifier("part")))
            )
            alone.set("with_", exp.With(expressions=before))
        return list(self.session.sql(spark_sql(self.spelled(alone))).columns)

    def spell_star(self, star: exp.Star) -> None:
        """Name the columns of a `* replace (...)`."""
        select = star.find_ancestor(exp.Select)
        assert select is not None
        other = {alias.alias: alias for alias in star.args["replace"]}
        plain = select.copy()
        plain.set("expressions", [exp.Star()])
        columns: list[exp.Expr] = []
        select_columns = self.columns_of_rows(select)
        for name in select_columns:
            columns.append(other.get(name) or exp.column(name))
        before = select.expressions
        place = before.index(star)
        select.set("expressions", [*before[:place], *columns, *before[place + 1 :]])

    def columns_of_rows(self, select: exp.Select) -> list[str]:
        """The names of all columns that a select has to choose from."""
        rows = exp.select("*")
        rows.set("from_", select.args["from_"].copy())
        rows.set("joins", [join.copy() for join in select.args.get("joins") or []])
        held = exp.Paren(this=rows)
        held.parent = select
        return self.columns(rows)

    def spell_union(self, union: exp.Union) -> None:
        """Name the columns of every part of a `union by name`; those that a part lacks are null."""
        parts: list[exp.Expr] = []

        def gather(node: exp.Expr) -> None:
            if isinstance(node, exp.Union) and node.args.get("by_name"):
                gather(node.this)
                gather(node.expression)
                node.set("by_name", False)
            else:
                parts.append(node)

        gather(union)
        columns = [self.columns(part) for part in parts]
        names = list(dict.fromkeys(name for names in columns for name in names))
        for part, own in zip(parts, columns, strict=True):
            chosen = [
                exp.column(name) if name in own else exp.alias_(exp.null(), name) for name in names
            ]
            row = exp.Subquery(
                this=part.copy(), alias=exp.TableAlias(this=exp.to_identifier("part"))
            )
            part.replace(exp.select(*chosen).from_(row))

    def named(self, query: exp.Expr) -> list[Name]:
        """The tables that a query reads; in it, each is named as the session knows it."""
        found = []
        ctes = {cte.alias for cte in query.find_all(exp.CTE)}
        for table in list(query.find_all(exp.Table)):
            if not isinstance(table.this, exp.Identifier):
                continue
            if not table.db and table.name in ctes:
                continue
            name = self.known(table)
            alias = table.alias or name.table
            table.set("db", None)
            table.set("catalog", None)
            table.set("this", exp.to_identifier(name.on_spark))
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
            found.append(name)
        return found

    def known(self, table: exp.Table) -> Name:
        """The name of a table in a statement: without a schema it is a temporary one."""
        name = Name(table.db or TEMPORARY, table.name)
        if name not in self.all:
            raise LookupError(f"no table {name.schema}.{name.table}")
        return name

    def tell(self, name: Name) -> int:
        """Have the session know the newest meaning of a name; return when that last changed."""
        with self.lock:
            kept = self.all[name]
            changed = self.changed[name]
            if isinstance(kept, View):
                changed = max([changed, *(self.tell(read) for read in kept.reads)])
            if self.told.get(name, -1) < changed:
                self.frame_of(kept).createOrReplaceTempView(name.on_spark)
                self.told[name] = changed
            return changed

    def frame_of(self, kept: Files | View) -> DataFrame:
        """What a table or view holds, where all that it reads is told."""
        if isinstance(kept, View):
            return self.session.sql(kept.sql)
        reader = self.session.read
        if kept.columns is not None:
            return reader.schema(StructType.fromJson(json.loads(kept.columns))).parquet(kept.path)
        if "=*" in kept.path:
            reader = reader.option(
                "basePath", kept.path[: kept.path.rindex("/", 0, kept.path.index("=*"))]
            )
        return reader.parquet(kept.path)

    def frame(self, name: Name) -> DataFrame:
        """The rows of a table or view."""
        self.tell(name)
        return self.session.table(name.on_spark)

    def create_view(self, name: Name, query: exp.Expr) -> None:
        """Let a name stand for a query."""
        query = query.copy()
        reads = tuple(dict.fromkeys(self.named(query)))
        for other in reads:
            self.tell(other)
        scans = self.scans(query, {})
        self.replace(name, View(spark_sql(self.spelled(query)), reads, scans))
        self.tell(name)

    def scans(self, query: exp.Expr, ctes: Mapping[str, int]) -> int:
        """How many tables Spark reads for a query, each as often as the query leads to it.

        `ctes`: how many each of its CTEs leads to, where that is known already.
        """
        found = dict(ctes)
        known = {name.on_spark: kept for name, kept in self.now().items()}
        for cte in query.find_all(exp.CTE):
            found.setdefault(cte.alias, self.scans(cte.this, found))
        total = 0
        for table in query.find_all(exp.Table):
            if table.find_ancestor(exp.CTE) is query.find_ancestor(exp.CTE):
                kept = known.get(table.name)
                total += found.get(table.name, kept.scans if isinstance(kept, View) else 1)
        return total

    def write_query(self, name: Name, query: exp.Expr) -> None:
        """Write what a query gives as a table.

        Spark puts a CTE in each place that names it, so that a chain of them grows like the powers
        of two: one that leads to many tables and is read twice is written down first.
        """
        query = query.copy()
        for other in self.named(query):
            self.tell(other)
        staged: list[Name] = []
        found: dict[str, int] = {}
        with_ = query.args.get("with_")
        ctes = with_.expressions if with_ else []
        for place, cte in enumerate(ctes):
            readers = [table for table in query.find_all(exp.Table) if table.name == cte.alias]
            found[cte.alias] = self.scans(cte.this, found)
            if len(readers) > 1 and found[cte.alias] > MANY:
                part = Name(TEMPORARY, f"{name.schema}_{name.table}_{cte.alias}")
                alone = exp.select("*").from_(exp.to_table(cte.alias))
                alone.set(
                    "with_",
                    exp.With(expressions=[c.copy() for c in ctes[: place + 1]]),
                )
                self.write(part, self.session.sql(spark_sql(self.spelled(alone))))
                self.tell(part)
                cte.set("this", exp.select("*").from_(exp.to_table(part.on_spark)))
                found[cte.alias] = 1
                staged.append(part)
        self.write(name, self.session.sql(spark_sql(self.spelled(query))))
        for part in staged:
            self.drop(part)

    def write(self, name: Name, frame: DataFrame) -> None:
        """Write rows as a table, in the place of the one before."""
        path = self.folder / name.schema / f"{name.table}-{uuid.uuid4().hex[:12]}"
        frame.write.parquet(str(path))
        self.replace(name, Files(str(path), frame.schema.json()))

    def load_csv(self, name: Name, path: str, types: Mapping[str, str]) -> None:
        """Write a CSV file with a header as a table, of these types (DuckDB's) by column."""
        with open(path, newline="", encoding="utf-8") as file:
            header = next(csv.reader(file))
        columns = ", ".join(f"`{column}` {spark_type(types[column])}" for column in header)
        reader = self.session.read.schema(columns).option("header", True).option("escape", '"')
        self.write(name, reader.option("mode", "FAILFAST").csv(path))

    def replace(self, name: Name, kept: Files | View) -> None:
        """Give a name a new meaning, here and in the folder."""
        before = self.all.get(name)
        write_record(self.folder, name, kept)
        self.keep(name, kept)
        # Another thread may be reading what was before: that goes when the build is over.
        if isinstance(before, Files) and name.schema == TEMPORARY:
            shutil.rmtree(before.path, ignore_errors=True)

    def drop(self, name: Name) -> None:
        """Forget a table or view."""
        with self.lock:
            kept = self.all.pop(name, None)
            self.told.pop(name, None)
        record_of(self.folder, name).unlink(missing_ok=True)
        if isinstance(kept, Files):
            shutil.rmtree(kept.path, ignore_errors=True)


def name_of(table: exp.Expr, is_temporary: bool) -> Name:
    """The name in a `create` statement."""
    assert isinstance(table, exp.Table)
    return Name(TEMPORARY if is_temporary else table.db, table.name)
