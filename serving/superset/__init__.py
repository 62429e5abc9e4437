"""A dashboard as code: datasets, charts and a dashboard as YAML, and a Superset to show them."""
