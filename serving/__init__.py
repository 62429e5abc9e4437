"""From the warehouse to its readers: build, publish, report, explain."""
