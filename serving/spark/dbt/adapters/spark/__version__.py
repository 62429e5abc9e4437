"""The version that dbt asks every adapter for."""

version = "1.0.0"
