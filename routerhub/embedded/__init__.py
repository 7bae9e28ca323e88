"""The whole product on one machine: PostgreSQL, Valkey and every process under one supervisor."""
