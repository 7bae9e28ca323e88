"""What every limit will have seen at the end of its period."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.timezone import now

from budgets.forecasting import forecasts, hours
from budgets.forecasting.types import Forecast
from budgets.forecasting.wording import amount, sentence
from budgets.models import Limit


class Command(BaseCommand):
    help = "Roll up the hourly spend, forecast every limit to the end of its period, and print what came out. Tells nobody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line, in the limits' own measures")

    def handle(self, *_: Any, **options: Any) -> None:
        hours.roll_up()
        count = 0
        for limit, forecast in forecasts.refresh(now()):
            count += 1
            self.stdout.write(_json(limit, forecast) if options["json"] else _line(limit, forecast))
        if not count and not options["json"]:
            self.stdout.write("No limit has a period that ends and spend that is known.")


def _json(limit: Limit, forecast: Forecast) -> str:
    return json.dumps({"limit": limit.pk, "amount": limit.amount, **asdict(forecast)}, default=datetime.isoformat)


def _line(limit: Limit, forecast: Forecast) -> str:
    spent = f"{amount(limit, forecast.spent)} of {amount(limit, limit.amount)} spent"
    return f"{limit}: {spent}; {sentence(limit, forecast)}"
