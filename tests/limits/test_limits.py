"""A disk that fills up, memory that runs out: said plainly, no file is blamed, the next run ends.

Mounting a small disk takes the right to do so; without it these tests say NOT RUN.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingestion.event_log import EventLog
from ingestion.quarantine import Quarantine
from ingestion.record import record
from ingestion.settings import Settings
from ingestion.shortage import Shortage
from serving import publish, warehouse
from tests.ingestion.conftest import NOW
from tests.ingestion.test_road import SHOP, lines, visit
from tests.serving.conftest import built  # noqa: F401

DISK_MB = 48
FULL = "no space left: the disk of .* free. Make room and run again"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of the test's own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        pytest.skip(f"NOT RUN: a small disk takes the right to mount one: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def two_gib() -> Iterator[Path]:
    """A control group of 2 GiB: the file that takes the ids of processes."""
    first, second = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    place, limit = (first, "memory.limit_in_bytes") if first.exists() else (second, "memory.max")
    folder = place / f"journeys-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / limit).write_text(str(2 * 1024**3))
    except OSError as error:
        pytest.skip(f"NOT RUN: a control group takes the right to make one: {error}")
    yield folder / "cgroup.procs"
    folder.rmdir()


@pytest.fixture
def settings(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A state on the small disk; what lands is on another."""
    for name in [name for name in os.environ if name.startswith("JOURNEYS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JOURNEYS_ROOT", str(disk / "state"))
    monkeypatch.setenv("JOURNEYS_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("JOURNEYS_SECRET", "a secret of the tests")
    made = Settings.read("test")
    EventLog(made.log).open()
    return made


def fill(disk: Path, left: int) -> Path:
    """Fill the disk but for `left` bytes; returns the file to delete."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - left)
    return filler


def land(settings: Settings) -> None:
    """Two files, of which the second is too much for a disk with little left."""
    folder = Path(settings.landing) / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.ndjson").write_bytes(lines(visit("a"), "{bad"))
    # random text, for what repeats is stored in no space
    big = (visit(str(n), note=os.urandom(2000).hex()) for n in range(4000))
    (folder / "b.ndjson").write_bytes(lines(*big))


@pytest.mark.parametrize("left", [0, 32 << 10, 1 << 20])
def test_a_disk_that_fills_up_while_files_are_recorded_costs_no_file(
    settings: Settings, disk: Path, left: int
):
    land(settings)
    filler = fill(disk, left)
    with pytest.raises(Shortage, match=FULL):
        record(SHOP, settings, NOW)
    filler.unlink()
    assert Quarantine(settings.quarantine).whole_files("shop") == set()
    assert not list(Path(settings.log).glob("source=shop/*.parquet"))
    report = record(SHOP, settings, NOW)
    assert (report.events, report.set_aside, report.refused) == (4001, 1, ())
    assert not record(SHOP, settings, NOW).has_news


def test_too_little_memory_to_record_is_said_and_costs_no_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    land(settings)
    with monkeypatch.context() as patched:
        patched.setenv("JOURNEYS_MEMORY_LIMIT", "4MB")
        with pytest.raises(Shortage, match="JOURNEYS_MEMORY_LIMIT lets DuckDB use 4MB"):
            record(SHOP, Settings.read("test"), NOW)
    assert Quarantine(settings.quarantine).whole_files("shop") == set()
    report = record(SHOP, settings, NOW)
    assert (report.events, report.set_aside, report.refused) == (4001, 1, ())


@pytest.mark.parametrize("left", [0, 64 << 10, 600 << 10])
def test_a_disk_that_fills_up_while_a_release_is_written_leaves_the_old_one(
    settings: Settings,
    disk: Path,
    built,  # noqa: F811
    left: int,
):
    first = publish.publish(settings, built(1, rows=100), checks_passed=1)
    second = built(2, rows=20_000)
    filler = fill(disk, left)
    with pytest.raises(Shortage, match=FULL):
        publish.publish(settings, second, checks_passed=1)
    assert publish.current(settings).name == first.release_id
    with duckdb.connect(publish.current(settings) / "journeys.duckdb", read_only=True) as release:
        assert release.execute("select count(*) from dim_customers").fetchone() == (100,)
    filler.unlink()
    assert publish.publish(settings, second, checks_passed=1).row_counts["dim_customers"] == 20_000
    assert publish.kept(settings) == [first.release_id, second]


def test_dbt_on_a_full_disk_is_said_in_the_same_words(settings: Settings, disk: Path):
    filler = fill(disk, 0)
    with pytest.raises(Shortage, match=FULL):
        warehouse.build(settings)
    filler.unlink()
    assert warehouse.last_build(settings) is None


def test_a_build_with_too_little_memory_names_the_setting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JOURNEYS_MEMORY_LIMIT", "1MB")
    with pytest.raises(Shortage, match="JOURNEYS_MEMORY_LIMIT lets DuckDB use 1MB"):
        warehouse.build(Settings.read("test"))
    assert warehouse.last_build(settings) is None


def test_in_a_control_group_of_2_gib_duckdb_takes_three_fifths_of_them(two_gib: Path):
    said = subprocess.run(
        [
            *("sh", "-c", f'echo $$ > {two_gib} && exec "$@"', "sh", sys.executable, "-c"),
            "from ingestion.settings import Settings; print(Settings.read('test').memory_limit)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 1200 < int(said.stdout.strip().removesuffix("MB")) < 1300
