"""An S3-compatible store on the loopback address, in a process of its own, in memory (moto)."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import fsspec

from tests.loopback import free_port

SECONDS_TO_START = 60


@dataclass(frozen=True)
class StoreServer:
    """A running store: the environment by which every process finds it."""

    environment: dict[str, str]

    def bucket(self) -> str:
        """The URL of a fresh, empty bucket. The environment must be in force."""
        name = f"journeys-{uuid.uuid4().hex[:12]}"
        fsspec.filesystem("s3").mkdir(name)
        return f"s3://{name}"


@contextmanager
def running() -> Iterator[StoreServer]:
    """Start a store, with its environment in force in this process, and end it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "the-key-of-the-tests",
        "AWS_SECRET_ACCESS_KEY": "the-secret-of-the-tests",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    before = {name: os.environ.get(name) for name in variables}
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.environ.update(variables)
    # What was opened before in this process belongs to another store.
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    try:
        until = time.monotonic() + SECONDS_TO_START
        while not answers(url):
            assert server.poll() is None and time.monotonic() < until, "no store came up"
            time.sleep(0.1)
        yield StoreServer(variables)
    finally:
        server.kill()
        server.wait()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def answers(url: str) -> bool:
    """Whether somebody listens."""
    try:
        with urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
