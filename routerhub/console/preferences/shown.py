"""The page's values as they are drawn. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from autorouter.people.preference_sets import Row
from budgets import formats
from budgets.formats import NOTHING
from budgets.money import MINUS
from experiments.replay.rule_effects import Trial
from experiments.types import Estimate
from routerhub.console.preferences.sentences import Titles, either

MAX_FLOWS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderWish:
    """A provider with what is wished of it: "", "prefer" or "block"."""

    name: str
    title: str
    wish: str
    is_blocked_by_account: bool
    is_preferred_by_account: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A figure of a trial. `tone`: "good", "worse" or "flat"."""

    label: str
    figure: str
    note: str
    tone: str = "flat"


def providers(row: Row, account: Row | None, titles: Titles) -> list[ProviderWish]:
    """All there are, and those that the set names though they are gone."""
    named = dict.fromkeys([*row.preferred_providers, *row.blocked_providers])
    known = {**{name: name for name in named}, **titles.providers}
    blocked = account.blocked_providers if account else ()
    preferred = account.preferred_providers if account and not row.preferred_providers else ()
    return sorted(
        (
            ProviderWish(
                name=name, title=title,
                wish="prefer" if name in row.preferred_providers else "block" if name in row.blocked_providers else "",
                is_blocked_by_account=name in blocked, is_preferred_by_account=name in preferred,
            )
            for name, title in known.items()
        ),
        key=lambda each: each.title.lower(),
    )  # fmt: skip


def trial(found: Trial, titles: Titles) -> dict[str, Any]:
    """What a set would do to the last requests."""
    report = found.report
    return {
        "requests": report.requests, "moved": report.moved, "tiles": _tiles(found),
        "flows": [
            {
                "before": titles.models.get(flow.before or "", flow.before) or _("refused"),
                "after": titles.models.get(flow.after or "", flow.after) or _("refused"),
                "requests": flow.requests, "cost": _signed_dollars(float(flow.cost_change)),
            }
            for flow in report.flows[:MAX_FLOWS]
        ],
        "more": len(report.flows) - MAX_FLOWS,
    }  # fmt: skip


def will(row: Row, changes: Sequence[str], found: Trial | None) -> list[tuple[str, str]]:
    """What saving does, as icons and sentences."""
    said = [("tune", each) for each in changes]
    if found is not None and found.report.requests:
        said.append(("alt_route", _sentence(found)))
    pinned = sorted(key.name for key in row.keys.all()) if row.pk else []
    if row.is_active:
        said.append(("bolt", _("It counts from the next request on, where a key pins no other set.")))
    elif pinned:
        said.append(("key", _("It is not the active set: only %(keys)s go by it.") % {"keys": either(pinned)}))
    else:
        said.append(("pause_circle", _("It is not the active set, and no key pins it: nothing goes by it yet.")))
    said.append(("undo", _("What it was is kept in the history, and can be made current again.")))
    return said


def will_activate() -> list[tuple[str, str]]:
    return [
        ("bolt", _("It counts from the next request on, where a key pins no other set.")),
        ("undo", _("Make another one active, and that one counts.")),
    ]


def will_delete() -> list[tuple[str, str]]:
    return [
        ("delete", _("What it says counts no more.")),
        ("undo", _("It stays in the history, and staff can restore it.")),
    ]


def _sentence(found: Trial) -> str:
    report = found.report
    told = _("Of the last %(requests)s requests %(moved)s would have gone elsewhere") % {
        "requests": f"{report.requests:,}", "moved": f"{report.moved:,}",
    }  # fmt: skip
    relative = report.cost_usd.relative
    if report.moved and relative is not None:
        told += _("; cost a request %(change)s") % {"change": _percent(relative)}
    return f"{told}."


def _tiles(found: Trial) -> list[Tile]:
    report = found.report
    share = formats.percent(report.moved, report.requests) if report.requests else NOTHING
    tiles = [
        Tile(label=_("Would go elsewhere"), figure=f"{report.moved:,}", note=_("of %(count)s requests, %(share)s") % {
            "count": f"{report.requests:,}", "share": share}),
        _estimated(_("Cost a request"), report.cost_usd, _signed_dollars),
        _estimated(_("Latency"), report.latency_ms, _signed_duration),
    ]  # fmt: skip
    refused, before = report.refused_after, report.refused_before
    tone = "worse" if refused > before else "good" if refused < before else "flat"
    tiles.append(
        Tile(
            label=_("No model left"),
            figure=f"{refused:,}",
            tone=tone,
            note=_("%(count)s as it is saved") % {"count": before},
        )
    )
    return tiles


def _estimated(label: str, estimate: Estimate | None, shown: Any) -> Tile:
    if estimate is None:
        return Tile(label=label, figure=NOTHING, note=_("not measured"))
    tone = "good" if estimate.high < 0 else "worse" if estimate.low > 0 else "flat"
    figure = shown(estimate.mean) if estimate.relative is None else _percent(estimate.relative)
    note = _("%(mean)s (%(low)s to %(high)s)") % {
        "mean": shown(estimate.mean), "low": shown(estimate.low), "high": shown(estimate.high),
    }  # fmt: skip
    return Tile(label=label, figure=figure, note=note if estimate.mean else _("no difference"), tone=tone)


def _percent(relative: float) -> str:
    return f"{formats.signed(100 * relative)}{formats.THIN}%"


def _signed_dollars(value: float) -> str:
    if abs(value) < 1e-12:
        return "$0"
    sign = MINUS if value < 0 else "+"
    size = abs(value)
    return f"{sign}${size:,.2f}" if size >= 1 else f"{sign}${float(f'{size:.2g}'):f}".rstrip("0").rstrip(".")


def _signed_duration(value: float) -> str:
    return f"{MINUS if value < 0 else '+'}{formats.duration(abs(value))}"
