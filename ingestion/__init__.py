"""Source systems to event log: the only way into the log. Knows nothing of Airflow or dbt."""
