"""Expectations of the invented source that the tests of the road send records through."""

SUITES: dict[str, list] = {}
