"""What is said before something is done to a line."""

from routerhub.releases.effects import of_promotion, of_roll_out, of_rollback, of_switch
from routerhub.releases.types import Pointer

SETTLED = Pointer(line="router", stable=13)
ROLLING = Pointer(line="router", stable=13, candidate=14, percent=25)


def test_a_share_gets_the_release_and_the_others_stay() -> None:
    effect = of_roll_out(SETTLED, 15, 10)
    assert (effect.deed, effect.before, effect.after) == ("Roll out 15 to 10 %", 13, 15)
    assert effect.sentences == [
        "10 % of the users get release 15 within a second, always the same ones; the others stay on release 13.",
        "Rolling back takes it from them again as fast.",
    ]


def test_a_share_that_grows_says_what_it_is_now_and_another_candidate_what_it_loses() -> None:
    assert of_roll_out(ROLLING, 14, 50).sentences[1] == "Now 25 % of the users have it."
    assert of_roll_out(ROLLING, 15, 50).sentences[1] == (
        "Release 14, which 25 % of the users have now, is live for nobody then."
    )


def test_for_everybody_a_release_takes_the_place_of_what_there_is() -> None:
    effect = of_roll_out(SETTLED, 15, 100)
    assert (effect.deed, effect.before, effect.after) == ("Roll out 15 to everybody", 13, 15)
    assert effect.sentences == [
        "Everybody gets release 15 within a second. Requests under way end on the release that they began with.",
        "Release 13 is kept and can be rolled out again.",
    ]


def test_a_promotion_and_a_rollback_say_who_has_what_now() -> None:
    promotion, rollback = of_promotion(ROLLING, 14), of_rollback(ROLLING, 13)
    assert (promotion.deed, rollback.deed) == ("Promote 14 to everybody", "Roll back to 13")
    for effect, kept in ((promotion, 13), (rollback, 14)):
        assert effect.sentences[1:] == [
            "Now 25 % of the users have release 14, the others release 13.",
            f"Release {kept} is kept and can be rolled out again.",
        ]


def test_a_switch_names_what_is_live_without_it() -> None:
    off, on = (of_switch(ROLLING, "USE_DB_ROUTER_CONFIG", is_on) for is_on in (False, True))
    assert off.sentences[0] == (
        "Everybody gets release 0 (in the code) within a second, until USE_DB_ROUTER_CONFIG is on again. "
        "Live is then: release 13, and release 14 for 25 % of the users."
    )
    assert on.sentences == [
        "Everybody gets what is rolled out again within a second: release 13, and release 14 for 25 % of the users."
    ]
    assert (off.before, off.after, on.before, on.after) == (13, 0, 0, 13)
