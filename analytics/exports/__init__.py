"""Rows as files: CSV, JSON, XLSX and Parquet, streamed."""
