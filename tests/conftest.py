"""Which tests share a worker, and which begin: so that two cores are busy until the end."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

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
    """The long ones first: the last worker to end is then soon done."""
    items.sort(
        key=lambda item: LONG.index(one) if (one := group(item.nodeid)) in LONG else len(LONG)
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "Groups":
    """A file is one worker's, because its tests share a build; so is the sample company's run."""
    return Groups(config, log)


class Groups(LoadScopeScheduling):
    """Hands out whole groups of tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The file of a test below tests/, or its kind where all of its files share one run."""
    name = nodeid.split("::")[0].removeprefix("tests/")
    return "end_to_end" if name.startswith("end_to_end/") else name
