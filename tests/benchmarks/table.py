"""The results of `make bench` as a page of Markdown."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

HEAD = """# What it takes

Written by `make bench`; not edited by hand. Times are seconds. *models* is the time from dbt's
first model to its last; *wall* is the whole process with dbt's start. *sorted copy* is DuckDB
writing the interactions once, sorted by customer and time; *limit* is DuckDB reading the log once,
parsing each payload once, and writing one copy sorted by customer and time. Ratios are taken within
one run and leave out dbt's start; those of processor time are the ones to trust on a machine that
others use. `lay steps` is no stage: it stands for what comes before the friction layer. *pandas*
is the same scoring written plainly in pandas (plain_pandas.py), held against the ledger's sums: it
keeps the sums alone, where the friction layer and the ledgers also keep every line with its words,
the score after each event, the states of promises and what each fix would take away.
*dlt* loads the first events of the same export into DuckDB (dlt/load.py). *on Spark* is Apache
Spark on the same machine, two tasks at a time, with its Java; its ledger is held against DuckDB's.
"""
EXTENTS = {
    "": "the whole road",
    "friction": "friction layer alone",
    "gate": "the door into the log, web events of Segment",
    "spark": "all models, on DuckDB and on Spark",
}
BUILD = ("staging", "identity", "journeys", "friction", "ledgers", "marts")


def text(entries: Sequence[Mapping[str, Any]]) -> str:
    """The whole page: one section a run."""
    roads = [entry for entry in entries if not entry["only"]]
    grown = [
        f"From {one['interactions'] / 1e6:g} to {other['interactions'] / 1e6:g} million the full "
        f"build grows with the power **{exponent(one, other):.2f}** of the rows, by the processors."
        "\n"
        for one, other in itertools.pairwise(roads)
    ]
    compared = [entry for entry in entries if entry["only"] == "spark"]
    if len(compared) > 1:
        grown.append(a_million_more(compared[-2], compared[-1]))
    return "\n".join([HEAD, *grown, *(section(entry) for entry in entries)])


def a_million_more(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What either engine takes of the processors for more rows, by two sizes of the same rows."""
    millions = (other["interactions"] - one["interactions"]) / 1e6

    def more(stage: str) -> float:
        first, second = (
            next(step for step in entry["steps"] if step["stage"] == stage)
            for entry in (one, other)
        )
        return float(second["cpu"] - first["cpu"]) / millions

    return (
        f"A million interactions more, by {one['interactions'] / 1e6:g} and "
        f"{other['interactions'] / 1e6:g} million: DuckDB {more('models'):,.0f} s of the "
        f"processors, Spark {more('models on Spark'):,.0f}.\n"
    )


def exponent(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The power of the rows with which the full build grows, beyond dbt's start."""
    first, second = (
        sum(stages[name]["cpu"] - stages["dbt start"]["cpu"] for name in BUILD)
        for stages in ({step["stage"]: step for step in entry["steps"]} for entry in (one, other))
    )
    return math.log(second / first) / math.log(other["interactions"] / one["interactions"])


def section(entry: Mapping[str, Any]) -> str:
    """One run: a row a stage, then the ratios and the slowest models."""
    rows = entry["interactions"]
    what = EXTENTS[entry["only"]]
    load = " and ".join(f"{load:.1f}" for load in entry["load_before_and_after"])
    lines = [
        f"## {rows / 1e6:g} million rows, {entry['customers']:,} customers: {what}",
        "",
        f"{entry['at']}; {entry['machine']}; load before and after: {load}.",
        "",
        "| stage | wall | models | processors | peak memory | read | written | rows/s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(row(step, rows) for step in entry["steps"]),
        "",
        *ratios(entry["steps"]),
        "",
    ]
    if said := slowest(entry["steps"]):
        lines += [f"Slowest models, seconds: {said}.", ""]
    return "\n".join(lines)


def row(step: Mapping[str, Any], rows: int) -> str:
    """One stage."""
    models = f"{step['models_wall']:.1f}" if "models_wall" in step else ""
    return (
        f"| {step['stage']} | {step['wall']:.1f} | {models} | {step['cpu']:.1f} "
        f"| {step['peak'] / 2**30:.2f} GiB | {step['read'] / 2**20:.0f} MiB "
        f"| {step['written'] / 2**20:.0f} MiB | {step.get('rows', rows) / taken(step):,.0f} |"
    )


def taken(step: Mapping[str, Any]) -> float:
    """Seconds of the clock: of the models, where there are models."""
    return float(step.get("models_wall") or step["wall"])


def ratios(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the stages took in yardsticks of the same run."""
    stages = {step["stage"]: step for step in steps}
    if "dlt" in stages:
        return [against_dlt(stages)]
    if "models on Spark" in stages:
        return [against_duckdb(stages)]
    start = stages["dbt start"]["cpu"]
    copies = [step for step in steps if step["stage"] == "sorted copy"]

    def ratio(what: str, names: Sequence[str], units: Sequence[Mapping[str, Any]]) -> str:
        measured = [stages[name] for name in names]
        wall = sum(map(taken, measured)) / (sum(map(taken, units)) / len(units))
        cpu = sum(step["cpu"] - start for step in measured)
        cpu /= sum(unit["cpu"] for unit in units) / len(units)
        return f"- {what}: **{wall:.1f}** by the clock, **{cpu:.1f}** by the processors."

    said = [
        ratio("Models of 4_friction, in sorted copies", ["friction"], copies),
        ratio(
            "With fct_friction and fct_scores, in sorted copies", ["friction", "ledgers"], copies
        ),
    ]
    if "limit" in stages:
        said.append(ratio("Full build from the log, in limits", BUILD, [stages["limit"]]))
    if "pandas" in stages:
        names = ["friction", "ledgers"]
        said.append(ratio("Friction layer and ledgers, in pandas", names, [stages["pandas"]]))
    return said


def against_dlt(stages: Mapping[str, Mapping[str, Any]]) -> str:
    """How many times the events a second of dlt the gate takes."""
    gate, dlt = stages["gate and append Segment"], stages["dlt"]
    wall, cpu = (gate["rows"] / gate[clock] * dlt[clock] / dlt["rows"] for clock in ("wall", "cpu"))
    return (
        f"- Events a second, in those of dlt: **{wall:.0f}** by the clock, "
        f"**{cpu:.0f}** by the processors."
    )


def against_duckdb(stages: Mapping[str, Mapping[str, Any]]) -> str:
    """What Spark takes for all models, in what DuckDB takes: with either's start."""
    here, there = stages["models"], stages["models on Spark"]
    wall, cpu, peak = (there[what] / here[what] for what in ("wall", "cpu", "peak"))
    return (
        f"- All models on Spark, in those of DuckDB: **{wall:.1f}** by the clock, "
        f"**{cpu:.1f}** by the processors, **{peak:.1f}** by the largest process."
    )


def slowest(steps: Sequence[Mapping[str, Any]]) -> str:
    """The models that took longest, of all stages."""
    every = {name: took for step in steps for name, took in step.get("slowest", {}).items()}
    first = sorted(every.items(), key=lambda item: -item[1])[:16]
    return ", ".join(f"{name} {took:.1f}" for name, took in first)
