"""Web events alone, by the million, for benchmarks: the same format, told in less detail."""

import gzip
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np

from tests.sample_company.clock import months_before

CHUNK = 50_000  # events that are written at a time
EVENTS_A_CUSTOMER = 30
KINDS = (
    '"type":"page","name":"Product","properties":{"path":"/products/4"}',
    '"type":"page","name":"Home","properties":{"path":"/"}',
    '"type":"track","event":"Product Viewed","properties":{"product_id":"P4"}',
    '"type":"track","event":"Products Searched","properties":{"query":"lamp","results_count":7}',
    '"type":"track","event":"Products Searched","properties":{"query":"lmap","results_count":0}',
    '"type":"track","event":"Element Clicked",'
    '"properties":{"selector":"#nav-3","x":31,"y":88,"had_effect":true}',
    '"type":"track","event":"Element Clicked",'
    '"properties":{"selector":".hero","x":40,"y":90,"had_effect":false}',
    '"type":"track","event":"Page Loaded","properties":{"load_ms":640}',
    '"type":"track","event":"Form Started","properties":{"form_id":"checkout-address"}',
    '"type":"track","event":"Form Validation Failed",'
    '"properties":{"form_id":"checkout-address","field":"postcode"}',
)
WEIGHTS = (20, 10, 18, 12, 2, 20, 3, 10, 3, 2)
CONTEXT = (
    '"context":{"library":{"name":"analytics.js","version":"2.11.1"},'
    '"page":{"path":"/products/4","url":"https://www.company.example/products/4"},'
    '"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0","ip":"203.0.113.9",'
    '"locale":"en-GB","timezone":"Europe/Berlin"},"integrations":{},'
)


def write(out: Path, events: int, seed: int, months: int, end: datetime) -> None:
    """Write `events` Segment calls into `out/segment/clickstream-<n>.ndjson.gz`, in time order."""
    year, month = months_before(end.date(), months)[0]
    start = datetime(year, month + 1, 1, tzinfo=UTC)
    folder = out / "segment"
    folder.mkdir(parents=True, exist_ok=True)
    step = (end - start) / events
    customers = max(1, events // EVENTS_A_CUSTOMER)
    with ProcessPoolExecutor() as pool:
        written = [
            pool.submit(
                _write_chunk,
                folder / f"clickstream-{number:04d}.ndjson.gz",
                f"{seed}/clicks/{number}",
                min(CHUNK, events - first),
                customers,
                start + first * step,
                step,
            )
            for number, first in enumerate(range(0, events, CHUNK))
        ]
        for chunk in written:
            chunk.result()


def _write_chunk(
    path: Path, seed: str, count: int, customers: int, since: datetime, step: timedelta
) -> None:
    lines = _lines(Random(seed), count, customers, since, step)
    path.write_bytes(gzip.compress(lines, compresslevel=1, mtime=0))


def _lines(rng: Random, count: int, customers: int, since: datetime, step: timedelta) -> bytes:
    """`count` calls of visits that overlap, in the order in which they were received."""
    first = np.datetime64(since.replace(tzinfo=None), "us")
    times = first + (np.arange(count) * (step / timedelta(microseconds=1))).astype("m8[us]")
    happened = np.datetime_as_string(times, unit="ms").tolist()
    received = np.datetime_as_string(times + np.timedelta64(90, "ms"), unit="ms").tolist()
    ids = rng.randbytes(count * 8).hex()
    kinds = rng.choices(KINDS, WEIGHTS, k=count)
    whos = rng.choices(range(customers), k=count)
    lines = []
    for n, (kind, who, at, got) in enumerate(zip(kinds, whos, happened, received, strict=True)):
        user = f'"u-{who:07d}"' if who % 3 == 0 and n % 2 else "null"
        lines.append(
            f'{{{kind},"messageId":"ajs-{ids[n * 16 : n * 16 + 16]}","anonymousId":"{who:016x}",'
            f'"userId":{user},{CONTEXT}"originalTimestamp":"{at}Z","sentAt":"{at}Z",'
            f'"receivedAt":"{got}Z","timestamp":"{at}Z"}}\n'
        )
    return "".join(lines).encode()
