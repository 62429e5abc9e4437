"""The same dbt project on Apache Spark: its one dialect said in Spark's words, and its tables."""
