from autorouter.classification.definitions import CATEGORY_DEFINITIONS, COMPLEXITY_DEFINITIONS
from autorouter.types import CATEGORIES, COMPLEXITIES


def test_everything_that_a_prompt_can_be_is_defined_in_the_order_of_its_names() -> None:
    assert tuple(CATEGORY_DEFINITIONS) == CATEGORIES
    assert tuple(COMPLEXITY_DEFINITIONS) == COMPLEXITIES
