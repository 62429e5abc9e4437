"""A simulated company whose systems export the real formats, with known truth."""
