"""The router's line of releases."""

from autorouter.configuration import bundles, compiler, naming, release0, tables
from routerhub.releases.types import ReleaseLine

ROUTER = ReleaseLine(
    name=compiler.LINE,
    switch="USE_DB_ROUTER_CONFIG",
    tables=tuple(table._meta.label for table in compiler.TABLES),
    compile=compiler.compile_bundle,
    read=bundles.read,
    write=tables.write,
    release0=release0.bundle,
    label=naming.label,
    editor="admin:tuning",
)
