"""Other systems' case records in: mapping, checks and derived columns, set-wise in DuckDB; writes nothing itself."""
