"""What requests read in place of tables: made aside, swapped whole, renewed when the database says so."""
