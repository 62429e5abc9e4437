"""Releases in a store: whole under readers of any machine, three kept, swapped by one pointer."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import Settings
from ingestion.store import at
from ingestion.store.bucket import Bucket
from serving import publish
from serving.errors import NotPublished
from tests.serving.conftest import built  # noqa: F401

# Another machine: it has a cache of its own, and reads the newest release until it is told to end.
READER = """
import os, sys
import duckdb
from ingestion.settings import Settings
from serving import publish
settings, reads = Settings.read("test"), 0
while not os.path.exists(sys.argv[1]):
    folder = publish.current(settings)
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as release:
        versions = release.execute(
            "select distinct version from fct_interactions union "
            "select distinct version from dim_customers"
        ).fetchall()
        (said,) = release.execute("select release_id from _published").fetchone()
    assert len(versions) == 1 and said == folder.name, (versions, said, folder)
    reads += 1
print(reads)
"""


@pytest.fixture(autouse=True)
def root(settings: Settings) -> None:
    settings.root.mkdir(parents=True)


def version(folder: Path) -> int:
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as release:
        ((found,),) = release.execute("select distinct version from dim_customers").fetchall()
    return found


def test_a_release_is_read_by_a_machine_that_did_not_make_it(
    settings: Settings,
    built,  # noqa: F811
):
    with pytest.raises(NotPublished):
        publish.current(settings)
    release = publish.publish(settings, built(1), checks_passed=7)
    mine = publish.current(settings)
    shutil.rmtree(publish.cache(settings))  # as on another machine
    folder = publish.current(settings)
    assert folder == mine and folder.name == release.release_id
    assert publish.read_release(folder) == release
    assert version(folder) == 1
    assert (folder / "data_docs" / "index.html").exists()
    assert at(settings.published).read("current").decode() == release.release_id
    assert at(settings.published).pointed("current") == release.release_id


def test_three_releases_are_kept_in_the_store_and_in_the_cache(settings: Settings, built):  # noqa: F811
    names = [publish.publish(settings, built(n), checks_passed=1).release_id for n in range(1, 6)]
    assert publish.kept(settings) == names[-3:]
    assert [folder.name for folder in publish.releases(settings)] == names[-3:]
    assert {file.folder for file in at(settings.published).files("*/*")} == set(names[-3:])
    assert sorted(path.name for path in publish.cache(settings).iterdir()) == names[-3:]


@pytest.mark.parametrize("step", range(0, 9, 2))
def test_a_publish_that_dies_between_any_two_puts_leaves_the_old_release_whole(
    settings: Settings,
    built,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    step: int,
):
    first = publish.publish(settings, built(1), checks_passed=1)
    second = built(2)
    put_file = Bucket._files.func(Bucket("x/y")).__class__.put_file  # type: ignore[attr-defined]
    puts = 0

    def dying(*given, **more):
        nonlocal puts
        puts += 1
        if puts > step:
            raise KeyboardInterrupt
        return put_file(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr("s3fs.S3FileSystem.put_file", dying)
        try:
            publish.publish(settings, second, checks_passed=1)
        except KeyboardInterrupt:
            assert publish.current(settings).name == first.release_id
            assert version(publish.current(settings)) == 1
            assert publish.kept(settings) == [first.release_id]
    publish.publish(settings, second, checks_passed=1)
    assert version(publish.current(settings)) == 2
    assert {file.folder for file in at(settings.published).files("*/*")} == set(
        publish.kept(settings)
    )


def test_a_reader_of_another_machine_never_sees_half_a_release(
    settings: Settings,
    built,  # noqa: F811
    tmp_path: Path,
):
    publish.publish(settings, built(1, rows=50), checks_passed=1)
    over = tmp_path / "over"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(over)],
            env={
                **os.environ,
                "JOURNEYS_ROOT": str(tmp_path / f"machine{number}"),
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    time.sleep(2)
    for number in range(2, 12):
        publish.publish(settings, built(number, rows=50), checks_passed=1)
    over.touch()
    for reader in readers:
        reads, errors = reader.communicate(timeout=120)
        assert reader.returncode == 0, errors
        assert int(reads) > 3
