"""A prompt's words as numbers: of the shipped vocabulary alone, and only where they are learned from."""

from autorouter.classification import vocabulary
from autorouter.classification.classify import WEIGHTS, read_locally
from autorouter.classification.vocabulary import numbered, numbers
from autorouter.decision.success import Kind, LearnedSuccess
from autorouter.types import RouterRelease
from tests.autorouter.fakes import router

ASKED = [{"role": "user", "content": "Write a poem"}, {"role": "user", "content": "Fix the function in main.py"}]


def test_the_number_of_a_term_never_changes() -> None:
    assert [vocabulary.number(term) for term in ("function", "^write a", "~概率")] == [255506, 995321, 832095]


def test_what_is_not_in_the_vocabulary_leaves_no_trace() -> None:
    plain, named = numbers(["Fix the function"]), numbers(["Fix the function, Zygmuntowicz-Xq7"])
    known = {vocabulary.number(term) for term in WEIGHTS.terms}
    assert {*plain, *named} <= known
    assert vocabulary.number("zygmuntowicz") not in named


def test_only_the_last_turn_counts_each_word_once_and_in_order() -> None:
    found = numbers(["Write a poem", "function function function"])
    assert found == numbers(["function function function"])
    assert list(found) == sorted(set(found))
    assert numbers([]) == ()


def test_words_are_numbered_only_where_a_release_learns_from_them_or_has_learned() -> None:
    def of(release: RouterRelease) -> tuple[int, ...]:
        return numbered(read_locally(ASKED), release).task.terms

    learned = {"a:b": LearnedSuccess(kinds={"coding": Kind(outcomes=1, shift=0)}, terms={})}
    assert of(router()) == ()
    assert of(router(learns_from_prompts=True)) == of(router(success=learned)) == numbers([ASKED[-1]["content"]]) != ()
