"""Each tunable is declared once, by a field of RouterConfig. All that is made from it is looked at here, for every one."""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from autorouter.admin.controls import Controls
from autorouter.admin.tuning_forms import TuningForm, read_row
from autorouter.configuration import bundles, compiler, tables
from autorouter.configuration.release0 import BUNDLE
from autorouter.configuration.tunables import reference, shapes
from autorouter.configuration.tunables.kinds import Choice, Flag, ModelId, Number, PointsByPattern, scale
from autorouter.models import RouterConfiguration
from autorouter.serializers import RouterConfigurationSerializer
from autorouter.types import COMPLEXITIES, COST_TIERS, RouterConfig
from routerhub.releases.errors import InvalidRelease
from tests import seeds
from tests.cast import Cast, because

COLUMNS = list(shapes.COLUMNS.values())
NUMBERS = [(each.name, each.kind) for each in COLUMNS if isinstance(each.kind, Number)]
FIRST = {
    "stickiness_bonus": 20, "reasoning_bonus": 10, "research_bonus": 20, "simple_penalty": 0.8, "complex_threshold": 80,
    "complex_multiplier": 1.1, "cheap_below": 2, "mid_below": 4, "router_max_retries": 1, "context_buffer": 1.1,
    "long_context_threshold": 64000, "speed_bonuses": {"fast": 1}, "router_model": "openai:gpt-5",
    "tier_weights": {complexity: dict.fromkeys(COST_TIERS, 0.5) for complexity in COMPLEXITIES},
}  # fmt: skip
"""A configuration as the first version of the code wrote it. Stored releases are immutable: it must stay readable."""


def config(values: dict[str, Any]) -> dict[str, Any]:
    """A bundle with this configuration and nothing else."""
    return {"config": values, "profiles": {}, "policies": {}, "task_types": {}}


def within(kind: Number) -> Decimal:
    """An allowed value that is not the default."""
    step = Decimal(1) if kind.is_whole else Decimal("0.0625")
    return kind.default + step if kind.default + step <= kind.high else kind.default - step


def changed(kind: Any) -> Any:
    """A value that is allowed and not the default, as a column holds it."""
    match kind:
        case Number():
            return kind.exact(within(kind))
        case Flag(default=default):
            return not default
        case Choice(default=default, options=options):
            return next(name for name in options if name != default)
        case ModelId():
            return "openai:gpt-5"
        case PointsByPattern():
            return {"tiny": 3.5}


CHANGED = {each.name: changed(each.kind) for each in COLUMNS}


def beyond(kind: Number) -> Iterator[Decimal]:
    step = Decimal(1) if kind.is_whole else Decimal("0.0001")
    yield kind.low - step
    yield kind.high + step


def at(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    for step in path:
        values = values[step]
    return values


# --- the value of the router


def test_a_configuration_of_which_nothing_is_said_has_every_default() -> None:
    assert bundles.read(config(dict(shapes.DEFAULTS)), 1).config == RouterConfig()
    assert [each.name for each in fields(RouterConfig)] == list(shapes.TUNABLES)


def test_the_given_defaults_are_what_they_are() -> None:
    default: Any = RouterConfig()
    assert (default.stickiness_bonus, default.reasoning_bonus, default.research_bonus) == (25, 15, 25)
    assert (default.simple_penalty, default.complex_threshold, default.complex_multiplier) == (
        Decimal("0.7"), 85, Decimal("1.2"),
    )  # fmt: skip
    assert (default.cheap_below, default.mid_below) == (1, 5)
    assert [[str(default.tier_weights[row][column]) for column in COST_TIERS] for row in COMPLEXITIES] == [
        ["0.60", "0.25", "0.15"], ["0.50", "0.30", "0.20"], ["0.30", "0.40", "0.30"],
    ]  # fmt: skip
    assert default.speed_bonuses == {
        "cerebras": 12, "groq": 10, "flash": 8, "fast": 8, "nano": 10, "lite": 10, "lightning": 12, "thinking": -5,
        "extended-thinking": -8,
    }  # fmt: skip
    assert (default.router_model, default.router_max_retries) == ("openai:gpt-oss-120b", 3)
    assert (default.context_buffer, default.long_context_threshold) == (Decimal("1.2"), 128_000)


# --- bundles


@pytest.mark.parametrize(("name", "kind"), NUMBERS)
def test_a_bundle_takes_a_number_from_end_to_end_and_refuses_it_by_its_path_beyond(name: str, kind: Number) -> None:
    path = shapes.COLUMNS[name].path
    for value in (kind.low, kind.high):
        given = dict(shapes.DEFAULTS) | {"mid_below": 1000 if name == "cheap_below" else 5, "cheap_below": 0}
        bundles.read(config(replaced(given, path, shapes.json_number(value))), 1)
    for value in beyond(kind):
        with pytest.raises(InvalidRelease) as refused:
            bundles.read(config(replaced(dict(shapes.DEFAULTS), path, float(value))), 1)
        assert f"{kind.low} to {kind.high} {kind.unit}." in refused.value.problems[f"config.{'.'.join(path)}"]
        assert shapes.column_at(f"config.{'.'.join(path)}") == name


def replaced(values: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    if len(path) == 1:
        return {**values, path[0]: value}
    return {**values, path[0]: replaced(values[path[0]], path[1:], value)}


@pytest.mark.parametrize("name", [name for name, kind in NUMBERS if kind.is_whole])
def test_a_count_is_no_fraction(name: str) -> None:
    with pytest.raises(InvalidRelease, match=r"1\.5 is (not a whole number|outside)"):
        bundles.read(config({**shapes.DEFAULTS, name: 1.5}), 1)


@pytest.mark.parametrize("said", ["sometimes", "", None, 1, [], {"off": 1}])
def test_a_choice_that_is_none_of_its_words_is_told_whatever_it_is(said: object) -> None:
    with pytest.raises(InvalidRelease, match=r"classifies_with_model: .* is not one of off, unsure, always\."):
        bundles.read(config({**FIRST, "classifies_with_model": said}), 1)


def test_what_the_first_version_of_the_code_wrote_is_still_read() -> None:
    read: Any = bundles.read(config(FIRST), 1).config
    assert (read.stickiness_bonus, read.simple_penalty, read.router_max_retries) == (20, Decimal("0.8"), 1)
    newer = {name: getattr(read, name) for name in shapes.TUNABLES.keys() - FIRST.keys()}
    assert newer == {name: getattr(RouterConfig(), name) for name in newer}, "what it does not have has its default"
    assert newer.keys() == shapes.NEWER.keys()


@pytest.mark.parametrize("name", sorted(shapes.TUNABLES.keys() - shapes.NEWER.keys()))
def test_what_every_version_wrote_must_be_there(name: str) -> None:
    given = {each: value for each, value in shapes.DEFAULTS.items() if each != name}
    with pytest.raises(InvalidRelease) as refused:
        bundles.read(config(given), 1)
    assert list(refused.value.problems) == [f"config.{name}"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name, each in shapes.TUNABLES.items() if each.not_above])
def test_what_may_not_be_above_another_is_refused_everywhere_in_the_same_words(name: str) -> None:
    ceiling = shapes.TUNABLES[name].not_above
    assert ceiling is not None
    values = {name: 3, ceiling.name: 2}
    words = f"3 is above {ceiling.meaning}, 2."
    with pytest.raises(InvalidRelease) as refused:
        bundles.read(config({**shapes.DEFAULTS, **values}), 1)
    assert refused.value.problems == {f"config.{name}": words}
    row = RouterConfiguration(**values)
    with pytest.raises(ValidationError) as invalid:
        row.clean()
    assert invalid.value.message_dict == {name: [words]}


# --- the table


@pytest.mark.parametrize("column", COLUMNS, ids=lambda each: each.name)
def test_there_is_a_column_with_the_default_and_the_words(column: shapes.Column) -> None:
    field: Any = RouterConfiguration._meta.get_field(column.name)
    assert field.get_default() == column.kind.default
    assert str(field.verbose_name).lower() == column.label.lower()
    assert field.help_text == f"{column.help} {scale(column.kind)}"


@pytest.mark.parametrize(("name", "kind"), NUMBERS)
def test_the_table_takes_a_number_from_end_to_end_and_says_what_is_allowed_beyond(name: str, kind: Number) -> None:
    field: Any = RouterConfiguration._meta.get_field(name)
    for value in (kind.low, kind.high):
        assert field.clean(value, None) == value
    for value in beyond(kind):
        with pytest.raises(ValidationError) as refused:
            field.clean(value, None)
        assert kind.allowed in refused.value.messages


@pytest.mark.django_db
def test_every_value_goes_into_the_table_and_comes_out_of_it_as_it_was() -> None:
    seeds.both()
    target = {**compiler.compile_bundle(), "config": shapes.nest(CHANGED)}
    assert all(at(target["config"], each.path) != at(dict(shapes.DEFAULTS), each.path) for each in COLUMNS)
    tables.write(target, because("all of it"))
    assert compiler.compile_bundle()["config"] == target["config"]
    row = RouterConfiguration.objects.get()
    assert {each.name: getattr(row, each.name) for each in COLUMNS} == CHANGED
    assert shapes.flatten(target["config"]) == read_row(row)


@pytest.mark.django_db
def test_a_weight_that_a_release_lacks_is_written_as_what_it_counts() -> None:
    seeds.both()
    target = compiler.compile_bundle()
    del target["config"]["tier_weights"]["simple"]["mid"]
    tables.write(target, because("an odd release"))
    assert RouterConfiguration.objects.get().weight_simple_mid == Decimal("0.33")


def test_the_release_in_the_code_has_the_defaults() -> None:
    assert bundles.read(BUNDLE, 0).config == RouterConfig()


# --- form and page


@pytest.mark.parametrize("column", COLUMNS, ids=lambda each: each.name)
def test_the_page_has_a_control_with_label_text_and_live_value(column: shapes.Column) -> None:
    form = TuningForm()
    shown = shapes.flatten(shapes.DEFAULTS)
    groups = [Controls(form=form, shown=shown, live=shown).group(group) for group in shapes.GROUPS]
    controls = {
        each["name"]: each
        for group in groups
        for each in [
            *group["choices"], *group["sliders"], *group["lists"],
            *(cell for table in group["tables"] for _, cells in table["rows"] for cell in cells),
        ]
    }  # fmt: skip
    assert controls.keys() == shapes.COLUMNS.keys()
    control = controls[column.name]
    assert (control["label"], control["path"]) == (column.label, ".".join(column.path))
    if isinstance(column.kind, Number):
        assert (Decimal(control["low"]), Decimal(control["high"])) == (column.kind.low, column.kind.high)
        assert Decimal(control["default"]) == Decimal(control["live"]) == column.kind.default
        assert control["unit"] == column.kind.unit


@pytest.mark.parametrize(("name", "kind"), NUMBERS)
def test_the_form_takes_a_number_from_end_to_end_and_says_what_is_allowed_beyond(name: str, kind: Number) -> None:
    field = TuningForm().fields[name]
    for value in (kind.low, kind.high):
        assert field.clean(f"{value:f}") == value
    for value in beyond(kind):
        with pytest.raises(ValidationError) as refused:
            field.clean(f"{value:f}")
        assert refused.value.messages[0] == kind.allowed


# --- API


@pytest.mark.django_db
def test_the_api_changes_every_value_and_shows_it(cast: Cast) -> None:
    seeds.both()
    client = Client()
    client.force_login(cast.staff)
    body = {name: str(value) if isinstance(value, Decimal) else value for name, value in CHANGED.items()}
    answer = client.patch("/api/router/configuration", {**body, "reason": "all of it"}, "application/json")
    assert answer.status_code == 200, answer.json()
    shown = client.get("/api/router/configuration").json()
    assert shown.keys() == shapes.COLUMNS.keys()
    for name, value in CHANGED.items():
        assert (Decimal(shown[name]) if isinstance(value, Decimal) else shown[name]) == value, name
    assert client.get("/api/releases/router/2").json()["bundle"]["config"] == shapes.nest(CHANGED)


@pytest.mark.parametrize(("name", "kind"), NUMBERS)
def test_the_api_refuses_a_number_beyond_its_range_in_the_same_words(name: str, kind: Number) -> None:
    for value in beyond(kind):
        sent = RouterConfigurationSerializer(data={name: str(value), "reason": "x"}, partial=True)
        assert not sent.is_valid()
        assert sent.errors == {name: [kind.allowed]}


def test_the_schema_describes_every_value() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = schema["components"]["schemas"]["RouterConfiguration"]["properties"]
    for column in COLUMNS:
        assert found[column.name]["description"].startswith(f"{column.help} {scale(column.kind)}")
        if isinstance(column.kind, Number) and column.kind.is_whole:
            assert (found[column.name]["minimum"], found[column.name]["maximum"]) == (column.kind.low, column.kind.high)


# --- documentation


def test_the_documentation_has_the_table_as_it_is_declared() -> None:
    document = (Path(settings.BASE_DIR) / "docs" / "router.md").read_text()
    assert reference.written_into(document) == document, "run manage.py document_tunables"
    lines = reference.markdown().splitlines()
    assert len(lines) == 2 + len(shapes.TUNABLES)
    assert (
        "| Bonuses | `stickiness_bonus` | Stickiness. For the model that answered last. 0 also ends the loyalty of sessions. "
        "| points | 0 | 100 | 25 |" in lines
    )


def test_the_table_is_written_between_its_marks_and_a_document_without_them_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"before\n{reference.BEGIN}\nold\n{reference.END}\nafter\n")
    call_command("document_tunables", file=file, stdout=StringIO())
    assert file.read_text() == f"before\n{reference.BEGIN}\n{reference.markdown()}\n{reference.END}\nafter\n"
    file.write_text("no marks")
    with pytest.raises(CommandError, match="has no place for the table"):
        call_command("document_tunables", file=file)
    assert file.read_text() == "no marks"
