"""What data must look like at the two doors: into the log, and out to the readers."""

import os

# Read by Great Expectations when it is imported: no bars of progress, and no calls home.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
