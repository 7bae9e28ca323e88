"""The catalogue's line of releases."""

from models_registry.catalogue import bundles, compiler, naming, release0, tables
from routerhub.audit.change import Change
from routerhub.releases.types import Bundle, ReleaseLine


def _write(bundle: Bundle, change: Change) -> None:
    """A release was checked when it was made, so its prices are not doubted again."""
    tables.write(bundle, change, trusts_prices=True)


CATALOGUE = ReleaseLine(
    name=compiler.LINE,
    switch="USE_DB_MODELS",
    tables=tuple(table._meta.label for table in compiler.TABLES),
    compile=compiler.compile_bundle,
    read=bundles.read,
    write=_write,
    release0=release0.bundle,
    label=naming.label,
)
