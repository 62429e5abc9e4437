"""Superset's settings, read by Superset: on this machine only, over the current release.

`JOURNEYS_SUPERSET` is the folder of its state, `JOURNEYS_PUBLISHED` that of the releases.
"""

import os
from pathlib import Path

STATE = Path(os.environ["JOURNEYS_SUPERSET"])
CURRENT = Path(os.environ["JOURNEYS_PUBLISHED"]) / "current"

SECRET_KEY = (STATE / "secret_key").read_text().strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{STATE / 'superset.db'}"
# What a chart shows is never older than the release: nothing is kept between two looks.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
# A page loads nothing from elsewhere; Superset's own settings would let it count its visitors.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
RATELIMIT_STORAGE_URI = "memory://"


def DB_CONNECTION_MUTATOR(uri, params, username, security_manager, source):
    """Open the release that is current now, by its own name, read-only.

    DuckDB shares a file that is open by its name: under the name of the link, a chart would be
    served from the old release while another is still reading it.
    """
    if uri.drivername != "duckdb":
        return uri, params
    release = (CURRENT / "journeys.duckdb").resolve()
    return uri.set(database=str(release)), {**params, "connect_args": {"read_only": True}}
