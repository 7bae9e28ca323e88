import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from analytics.models import Record
from experiments.errors import UnknownOperation
from experiments.replay import decisions


class Command(BaseCommand):
    help = (
        "Tells why a request got its model, decides it again from its releases, and says whether that gives the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("operation_id")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            found = decisions.explained(decisions.find(options["operation_id"], Record.objects.all()))
        except UnknownOperation as problem:
            raise CommandError(str(problem)) from problem
        story = decisions.as_json(found)
        if options["json"]:
            self.stdout.write(json.dumps(story, indent=1, cls=DjangoJSONEncoder))
            return
        self.stdout.write(story["why"])
        for sentence in story["would_differ"]:
            self.stdout.write(f"  {sentence}")
        for out in story["excluded"]:
            self.stdout.write(f"  out: {out['model']}: {out['reason']}")
        self.stdout.write(f"decided again: {'the same to the bit' if found.is_same else found.problem}")
