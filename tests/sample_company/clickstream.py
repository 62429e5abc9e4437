"""Web events alone, by the million, for benchmarks: the same format, told in less detail."""

import gzip
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

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
CONTEXT = (
    '"context":{"library":{"name":"analytics.js","version":"2.11.1"},'
    '"page":{"path":"/products/4","url":"https://www.company.example/products/4"},'
    '"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0","ip":"203.0.113.9",'
    '"locale":"en-GB","timezone":"Europe/Berlin"},"integrations":{},'
)


def write(out: Path, events: int, seed: int, months: int, end: datetime) -> None:
    """Write `events` Segment calls into `out/segment/clickstream-<n>.ndjson.gz`, in time order."""
    year, month = months_before(end.date(), months)[0]
    start = datetime(year, month + 1, 1, tzinfo=end.tzinfo)
    folder = out / "segment"
    folder.mkdir(parents=True, exist_ok=True)
    customers = max(1, events // EVENTS_A_CUSTOMER)
    length = (end - start).total_seconds()
    # zlib works outside of Python's lock: one core makes lines while the other packs them.
    with ThreadPoolExecutor(max_workers=2) as pool:
        packing = []
        for number, first in enumerate(range(0, events, CHUNK)):
            count = min(CHUNK, events - first)
            since = start + timedelta(seconds=length * first / events)
            seconds = length * count / events
            lines = _lines(Random(f"{seed}/clicks/{number}"), count, customers, since, seconds)
            packing.append(pool.submit(_pack, folder / f"clickstream-{number:04d}", lines))
            if len(packing) > 4:
                packing.pop(0).result()
        for packed in packing:
            packed.result()


def _pack(stem: Path, lines: bytes) -> None:
    content = gzip.compress(lines, compresslevel=zlib.Z_BEST_SPEED, mtime=0)
    stem.with_suffix(".ndjson.gz").write_bytes(content)


def _lines(rng: Random, count: int, customers: int, since: datetime, seconds: float) -> bytes:
    """`count` calls of visits that overlap, in the order in which they were received."""
    step = seconds / count
    hexes = rng.randbytes(count * 8).hex()
    whos = rng.choices(range(customers), k=count)
    kinds = rng.choices(KINDS, (20, 10, 18, 12, 2, 20, 3, 10, 3, 2), k=count)
    lines = []
    text, shown = "", -1
    for n in range(count):
        second = int(n * step)
        if second != shown:
            text, shown = f"{since + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}", second
        milli = int((n * step - second) * 900)
        who = whos[n]
        user = f'"u-{who:07d}"' if who % 3 == 0 and n % 2 else "null"
        at = f"{text}.{milli:03d}Z"
        lines.append(
            f'{{{kinds[n]},"messageId":"ajs-{hexes[n * 16 : n * 16 + 16]}",'
            f'"anonymousId":"{who:016x}","userId":{user},{CONTEXT}"originalTimestamp":"{at}",'
            f'"sentAt":"{at}","receivedAt":"{text}.{milli + 90:03d}Z","timestamp":"{at}"}}\n'
        )
    return "".join(lines).encode()
