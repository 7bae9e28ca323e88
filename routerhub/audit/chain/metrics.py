"""What a scrape tells of the chain: what the last walk over it found, and when that was."""

from routerhub.audit.chain import verifying
from routerhub.metrics.kinds import Labels, reading

PROBLEMS = reading("routerhub_audit_problems", "What the last walk over the audit chain found wrong.", merge="max")
VERIFIED = reading("routerhub_audit_verified_timestamp_seconds", "When the audit chain was walked last.", merge="max")


def refresh() -> None:
    """Read it from the database."""
    found = verifying.last()
    problems: dict[Labels, float] = {(): len(found.problems)} if found else {}
    verified: dict[Labels, float] = {(): round(found.began_at.timestamp(), 1)} if found else {}
    PROBLEMS.read, VERIFIED.read = lambda: problems, lambda: verified
