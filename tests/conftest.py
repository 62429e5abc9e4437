"""Which tests share a worker, and which begin: so that two cores are busy until the end."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Each takes more than a minute, the longest first; what is not named follows as it was collected.
LONG = (
    "end_to_end",
    "warehouse/test_slices.py",
    "warehouse/test_erase.py",
    "warehouse/test_unit_tests.py",
    "warehouse/test_restatements.py",
    "warehouse/test_laws.py",
    "warehouse/test_batch_cuts.py",
    "warehouse/test_journeys.py",
    "warehouse/test_identity_over_time.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file is one worker's, because its tests share a build; so is the sample company's run."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: LONG.index(group(item)) if group(item) in LONG else len(LONG))


def group(item: pytest.Item) -> str:
    """The file of a test, or its kind where all of its files share one run."""
    name = item.path.relative_to(TESTS).as_posix()
    return "end_to_end" if name.startswith("end_to_end/") else name
