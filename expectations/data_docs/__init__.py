"""Great Expectations' data docs of an audit, rendered so that they need no network."""
