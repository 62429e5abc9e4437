"""Where the state of one pipeline lives, read once from the environment."""

import os
import re
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ingestion.errors import SettingsError
from ingestion.store import SCHEME, Place

PROJECT = Path(__file__).parents[1]
# What builds the warehouse; the first unless another is asked for.
DUCKDB, SPARK = TARGETS = ("duckdb", "spark")


@dataclass(frozen=True)
class Settings:
    """Places and limits of one named pipeline; every one has a default under `var/<name>/`.

    Landing folder, log, quarantine and releases may be in a store; what belongs to one machine (the
    warehouse file, which is a cache, scratch space, locks) is in folders.
    """

    name: str
    root: Path
    landing: Place
    log: Place
    quarantine: Place
    warehouse: Path
    published: Place
    airflow: Path
    secret_file: Path
    default_region: str
    own_domains: tuple[str, ...]
    store_zone: str | None
    failure_threshold: float
    failure_minimum: int
    target: str

    @staticmethod
    def read(name: str | None = None) -> "Settings":
        """Read the settings of `name` (default: `JOURNEYS_NAME`, else `main`).

        Raises SettingsError where a value cannot be used.
        """
        name = name or os.environ.get("JOURNEYS_NAME") or "main"
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name):
            raise SettingsError(
                f"NAME={name!r}: use lower-case letters, digits, '-' and '_', at most 41 characters"
            )
        root = _path("ROOT", PROJECT / "var" / name)
        return Settings(
            name=name,
            root=root,
            landing=_place("LANDING", root / "landing"),
            log=_place("LOG", root / "log"),
            quarantine=_place("QUARANTINE", root / "quarantine"),
            warehouse=_path("WAREHOUSE", root / "warehouse.duckdb"),
            published=_place("PUBLISHED", root / "published"),
            airflow=_path("AIRFLOW", root / "airflow"),
            secret_file=_path("SECRET_FILE", root / "secret"),
            default_region=os.environ.get("JOURNEYS_DEFAULT_REGION", "US"),
            own_domains=tuple(
                domain.strip().lower()
                for domain in os.environ.get("JOURNEYS_OWN_DOMAINS", "company.example").split(",")
                if domain.strip()
            ),
            store_zone=os.environ.get("JOURNEYS_STORE_ZONE") or None,
            failure_threshold=_number("FAILURE_THRESHOLD", 0.5),
            failure_minimum=int(_number("FAILURE_MINIMUM", 100)),
            target=_one_of("TARGET", TARGETS),
        )

    @property
    def memory_limit(self) -> str:
        """What DuckDB may use: `JOURNEYS_MEMORY_LIMIT`, else `_allowed_memory`."""
        return os.environ.get("JOURNEYS_MEMORY_LIMIT") or _allowed_memory()

    def secret(self) -> bytes:
        """The key of all identifier hashes: `JOURNEYS_SECRET`, else a file that is made if absent.

        The file is created with mode 0600 and by linking, so that two first runs agree on one.
        """
        given = os.environ.get("JOURNEYS_SECRET")
        if given:
            return given.encode()
        if not isinstance(self.log, Path):
            raise SettingsError(
                f"JOURNEYS_SECRET is missing: who shares the log in {self.log} must share the key "
                "of its hashes, and a file of one machine is none to share"
            )
        if not self.secret_file.exists():
            self.secret_file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.secret_file.with_name(f".secret.{os.getpid()}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(fresh, self.secret_file)
            except FileExistsError:
                pass  # another first run was faster: its secret counts
            finally:
                fresh.unlink()
        secret = self.secret_file.read_text().strip()
        if len(secret) < 16:
            raise SettingsError(f"{self.secret_file}: the secret is shorter than 16 characters")
        return secret.encode()


def _path(key: str, default: Path) -> Path:
    given = os.environ.get(f"JOURNEYS_{key}") or default
    if "://" in str(given):
        raise SettingsError(f"JOURNEYS_{key}={given}: this is a folder or file of each machine")
    return Path(given).absolute()


def _place(key: str, default: Path) -> Place:
    given = os.environ.get(f"JOURNEYS_{key}") or default
    if "://" not in str(given):
        return Path(given).absolute()
    if not str(given).startswith(SCHEME):
        raise SettingsError(f"JOURNEYS_{key}={given}: use a folder, or {SCHEME}<bucket>/<prefix>")
    return str(given).rstrip("/")


@cache
def _allowed_memory() -> str:
    """Three fifths of what the machine or this process's control group has, at most 7 GB.

    Python and Airflow need the rest.
    """
    import duckdb

    with duckdb.connect() as connection:
        # Its own default is four fifths; it knows of control groups.
        connection.execute(
            "select least(7e9, parse_formatted_bytes(current_setting('memory_limit')) * 0.75)"
            " // 1e6"
        )
        (megabytes,) = connection.fetchone()  # type: ignore[misc]
    return f"{megabytes:.0f}MB"


def _one_of(key: str, words: tuple[str, ...]) -> str:
    given = os.environ.get(f"JOURNEYS_{key}") or words[0]
    if given not in words:
        raise SettingsError(f"JOURNEYS_{key}={given}: use one of {', '.join(words)}")
    return given


def _number(key: str, default: float) -> float:
    text = os.environ.get(f"JOURNEYS_{key}")
    try:
        return float(text) if text else default
    except ValueError as error:
        raise SettingsError(f"JOURNEYS_{key}={text!r}: not a number") from error
