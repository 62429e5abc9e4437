"""Measurements: how long each stage takes beside what the hardware allows. See `make bench`."""
