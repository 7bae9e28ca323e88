"""Rows as files: CSV, JSON, XLSX and Parquet, written while they are read. See docs/exports.md."""
