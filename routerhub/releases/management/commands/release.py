import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routerhub.audit.change import Change
from routerhub.audit.errors import ChangeRefused
from routerhub.releases import lines, store, transfer
from routerhub.releases.telling import told


class Command(BaseCommand):
    help = "Writes a release as a file, stores such a file as a draft, or calls a release otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        download = deeds.add_parser("download", help="write a release as JSON")
        download.add_argument("line", choices=lines.names())
        download.add_argument("number", type=int, help="0 is the one in the code")
        download.add_argument("file", nargs="?", default="-", help="-: to standard output")
        upload = deeds.add_parser("upload", help="check a file whole, show its differences, and store it as a draft")
        upload.add_argument("file", help="-: from standard input")
        upload.add_argument("--dry-run", action="store_true", help="show the differences alone")
        upload.add_argument("--label", help="another name than the file's")
        upload.add_argument("--reason", default="", help="kept in the history; needed unless --dry-run")
        name = deeds.add_parser("name", help="call a release otherwise")
        name.add_argument("line", choices=lines.names())
        name.add_argument("number", type=int)
        name.add_argument("label", help='"": no name')
        name.add_argument("--reason", required=True, help="kept in the history")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            getattr(self, options["deed"])(options)
        except (ChangeRefused, OSError, UnicodeDecodeError) as problem:
            raise CommandError(str(problem)) from problem

    def download(self, options: dict[str, Any]) -> None:
        change = Change(reason="downloaded as a file, by command")
        text = json.dumps(transfer.download(options["line"], options["number"], change), indent=1)
        if options["file"] == "-":
            self.stdout.write(text)
        else:
            Path(options["file"]).write_text(text)

    def upload(self, options: dict[str, Any]) -> None:
        text = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text()
        uploaded = transfer.read_text(text)
        for each in told(uploaded.line, transfer.compared(uploaded)):
            self.stdout.write(f"{each.name}: {each.before} -> {each.after}")
        if options["dry_run"]:
            return
        if not options["reason"].strip():
            raise CommandError("Give a --reason: it is kept in the history.")
        release = transfer.keep(uploaded, Change(reason=options["reason"]), options["label"])
        self.stdout.write(self.style.SUCCESS(f"{release.line} {release.title} is stored as a draft, live for nobody"))

    def name(self, options: dict[str, Any]) -> None:
        line, number, label = options["line"], options["number"], options["label"]
        store.rename(line, number, label, Change(reason=options["reason"]))
        self.stdout.write(self.style.SUCCESS(f"{line} {number} is called {label!r}"))
