"""The page of a release: one self-contained HTML file, no server, no network, no script."""
