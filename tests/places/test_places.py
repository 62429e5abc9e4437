"""What every place of the state promises, whether it is a folder or a bucket."""

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from s3fs import S3FileSystem

from ingestion.errors import SettingsError, StoreError
from ingestion.settings import Settings
from ingestion.store import Place, Store, at, below, bucket
from ingestion.store.bucket import Bucket

HOLDER = """
import sys, time
from pathlib import Path
from ingestion.store import at
place = sys.argv[1] if sys.argv[1].startswith("s3://") else Path(sys.argv[1])
with at(place).shared():
    print("held", flush=True)
    time.sleep(600)
"""


def put(store: Store, key: str, content: bytes) -> bool:
    fresh = store.scratch(key)
    fresh.write_bytes(content)
    return store.put_new(key, fresh)


def test_what_was_put_is_there_whole_and_stays_when_it_is_put_again(place: Place):
    store = at(place)
    store.open()
    assert put(store, "source=a/b.parquet", b"first") is True
    assert put(store, "source=a/b.parquet", b"second") is False
    assert store.read("source=a/b.parquet") == b"first"
    assert [(file.key, file.folder, file.stem, file.size) for file in store.files("*/*")] == [
        ("source=a/b.parquet", "source=a", "b", 5)
    ]


def test_of_many_writers_to_one_name_one_wins(place: Place):
    store = at(place)
    store.open()
    won: list[int] = []

    def write(number: int) -> None:
        if put(at(place), "source=a/b.parquet", b"%d" % number):
            won.append(number)

    writers = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(won) == 1
    assert store.read("source=a/b.parquet") == b"%d" % won[0]


def test_a_file_is_listed_as_soon_as_it_is_put_and_no_longer_when_it_is_deleted(place: Place):
    store, other = at(place), at(place)
    store.open()
    for number in range(20):
        put(store, f"a/{number:02d}.parquet", b"x")
        assert len(other.files("a/*.parquet")) == number + 1
    for number in range(20):
        store.delete(f"a/{number:02d}.parquet")
        assert len(other.files("a/*.parquet")) == 19 - number
    with pytest.raises(FileNotFoundError):
        other.read("a/00.parquet")
    with pytest.raises(FileNotFoundError):
        other.look("a/00.parquet")
    store.delete("a/00.parquet")


def test_a_file_that_is_put_while_its_folder_is_listed_is_not_taken_for_a_folder(
    server, monkeypatch: pytest.MonkeyPatch
):
    bucket = server.bucket()
    store = at(f"{bucket}/state")
    listed = S3FileSystem._lsdir

    async def put_meanwhile(files: S3FileSystem, path: str, *given, **named):
        found = await listed(files, path, *given, **named)
        if not found:
            await files._pipe_file(f"{bucket}/state/a/late.txt", b"late")
        return found

    monkeypatch.setattr(S3FileSystem, "_lsdir", put_meanwhile)
    assert {stored.key for stored in store.files("a/*.txt")} <= {"a/late.txt"}
    assert [stored.key for stored in store.files("a/*.txt")] == ["a/late.txt"]


def test_an_unfinished_file_is_seen_by_nobody(place: Place):
    store = at(place)
    store.open()
    store.scratch("source=a/b.parquet").write_bytes(b"half")
    assert store.files("source=*/*.parquet") == []
    store.clear_scratch()


def test_a_file_that_changed_has_another_stamp(place: Place):
    store = at(place)
    store.open()
    put(store, "a", b"1")
    before = store.look("a")
    assert store.look("a") == before
    fresh = store.scratch("a")
    fresh.write_bytes(b"2")
    store.put("a", fresh)
    assert store.look("a").stamp != before.stamp
    assert store.digest("a") == "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"


def test_patterns_mean_the_same_in_each_place(place: Place, tmp_path: Path):
    store = at(place)
    store.open()
    for key in (
        "a.csv",
        "deep/a.csv",
        "deep/er/a.csv",
        "deep/b.json",
        ".hidden/a.csv",
        "x/[1].csv",
    ):
        put(store, key, b"x")
    found = {
        pattern: [file.key for file in store.files(pattern)]
        for pattern in ("**/*", "**/a*.csv", "*/*.csv", "deep/*", "**/?.json", "x/*")
    }
    assert found == {
        "**/*": [
            ".hidden/a.csv",
            "a.csv",
            "deep/a.csv",
            "deep/b.json",
            "deep/er/a.csv",
            "x/[1].csv",
        ],
        "**/a*.csv": [".hidden/a.csv", "a.csv", "deep/a.csv", "deep/er/a.csv"],
        "*/*.csv": [".hidden/a.csv", "deep/a.csv", "x/[1].csv"],
        "deep/*": ["deep/a.csv", "deep/b.json"],
        "**/?.json": ["deep/b.json"],
        "x/*": ["x/[1].csv"],
    }
    assert store.folders() == ["deep", "x"]
    assert store.near("deep/a.csv", tmp_path / "near").read_bytes() == b"x"


def test_duckdb_reads_what_is_there_by_name_and_by_pattern(place: Place):
    store = at(place)
    store.open()
    for number in range(3):
        fresh = store.scratch(f"source=a/{number}.parquet")
        duckdb.execute(f"copy (select {number} as n) to '{fresh}' (format parquet)")
        store.put_new(f"source=a/{number}.parquet", fresh)
    with duckdb.connect() as connection:
        store.readable(connection)
        names = [file.address for file in store.files("source=*/*.parquet")]
        for read in (names, store.address("source=*/*.parquet")):
            assert connection.execute(
                "select sum(n) from read_parquet(?, hive_partitioning = false)", [read]
            ).fetchone() == (3,)


def test_who_holds_a_place_alone_waits_for_those_who_share_it_and_they_for_them(place: Place):
    at(place).open()
    said: list[str] = []
    first, alone = threading.Event(), threading.Event()

    def erase() -> None:
        first.wait()
        with at(place).alone():
            alone.set()
            time.sleep(1.5)
            said.append("alone")

    def append() -> None:
        alone.wait()
        with at(place).shared():
            said.append("after")

    threads = [threading.Thread(target=erase), threading.Thread(target=append)]
    for thread in threads:
        thread.start()
    with at(place).shared(), at(place).shared():
        first.set()
        assert not alone.wait(1.5)
        said.append("shared")
    for thread in threads:
        thread.join()
    assert said == ["shared", "alone", "after"]


def test_a_holder_that_was_killed_holds_nobody_up(place: Place, monkeypatch: pytest.MonkeyPatch):
    at(place).open()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    # a folder's lock goes with the process; a store's sign is out of date after a while
    monkeypatch.setattr(bucket, "OUT_OF_DATE", timedelta(seconds=1))
    with at(place).alone():
        pass
    with at(place).shared():
        pass


def test_a_holder_that_was_taken_for_dead_is_told(server, monkeypatch: pytest.MonkeyPatch):
    place = server.bucket() + "/log"
    with pytest.raises(StoreError, match="Run it again"), at(place).shared():
        monkeypatch.setattr(bucket, "OUT_OF_DATE", timedelta(seconds=-60))
        with at(place).alone():
            pass


def test_a_store_that_cannot_be_used_is_named_without_its_keys(server):
    with pytest.raises(StoreError) as error:
        at("s3://no-such-bucket/log").open()
    assert "s3://no-such-bucket/log" in str(error.value)
    assert "of-the-tests" not in str(error.value)
    for url in ("s3://", "s3://UPPER/x", "s3://bucket/a*b", "s3://user:key@bucket/x"):
        with pytest.raises(StoreError, match="is written s3://<bucket>/<prefix>"):
            Bucket.of(url)


def test_places_are_paths_or_urls_of_stores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path))
    monkeypatch.setenv("JOURNEYS_LOG", "s3://bucket/log/")
    settings = Settings.read("test")
    assert settings.log == "s3://bucket/log" and settings.landing == tmp_path / "landing"
    assert (below(settings.log, "a"), below(settings.landing, "a")) == (
        "s3://bucket/log/a",
        tmp_path / "landing" / "a",
    )
    monkeypatch.delenv("JOURNEYS_SECRET", raising=False)
    with pytest.raises(SettingsError, match="JOURNEYS_SECRET is missing"):
        settings.secret()
    monkeypatch.setenv("JOURNEYS_LOG", "ftp://host/log")
    with pytest.raises(SettingsError, match="use a folder, or s3://"):
        Settings.read("test")
    monkeypatch.delenv("JOURNEYS_LOG")
    monkeypatch.setenv("JOURNEYS_WAREHOUSE", "s3://bucket/warehouse")
    with pytest.raises(SettingsError, match="of each machine"):
        Settings.read("test")
