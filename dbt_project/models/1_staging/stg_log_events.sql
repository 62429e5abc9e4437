-- One row per event: as first recorded, known by the run's known_at, occurred by its as_of.

{{ known_events() }}
