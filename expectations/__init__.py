"""What data must look like at the two doors: into the log, and out to the readers."""
