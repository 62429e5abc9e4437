"""The flow on one machine, without a cluster: one hand-started run, or four processes."""
