"""dbt with the project parsed once for all builds of the tests.

dbt parses a project anew for each path in its environment and each set of variables, though no
variable changes a node of a full build; that takes a third as long as building a small log does.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

from serving.increment import digest
from serving.warehouse import PROJECT, code_files

# The same in every folder in which it runs: the parsed project names them.
PATHS = {
    "JOURNEYS_LOG": "log",
    "JOURNEYS_WAREHOUSE": "warehouse.duckdb",
    "JOURNEYS_BLOCKED": "blocked.parquet",
}


def dbt(root: Path, arguments: Sequence[str], profile: Path = PROJECT) -> None:
    """Run one dbt command on `root`/log and `root`/warehouse.duckdb, or fail in its words."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.warehouse.parsed_once", *arguments),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(profile)),
        ],
        cwd=root,
        env=os.environ
        | PATHS
        | {
            "PYTHONPATH": str(PROJECT.parent),
            "DBT_TARGET_PATH": str(root / "target"),
            "DBT_LOG_PATH": str(root / "dbt_logs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def main(arguments: list[str]) -> int:
    """Run one dbt command, given as dbt's own arguments; what it says goes to the output."""
    return 0 if dbtRunner(parsed()).invoke(arguments).success else 1


def parsed() -> Manifest:
    """The project as dbt understands it, from a file that is named after the code."""
    kept = PROJECT / "target" / "parsed" / f"{digest(PATHS, files=code_files())}.msgpack"
    if not kept.exists():
        given = ["parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet"]
        done = dbtRunner().invoke(given)
        if not isinstance(done.result, Manifest):
            raise SystemExit(f"dbt cannot parse the project: {done.exception}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f".{kept.name}.{os.getpid()}")
        part.write_bytes(done.result.to_msgpack(extended_mashumaro_encoder))
        part.replace(kept)
    return Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
