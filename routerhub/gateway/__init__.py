"""The data plane: what applications call at /v1."""
