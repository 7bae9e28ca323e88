"""Which tunables stand together, on the tuning page and in the documentation. Pure."""

from autorouter.configuration.tunables.kinds import Group

BONUSES = Group(title="Bonuses", help="Points added to a model's score for the task's category, before any factor.")
COMPLEXITY = Group(
    title="Complexity",
    help="Factors on that sum, so that easy work goes to small models and hard work to strong ones.",
)
TIERS = Group(
    title="Cost tiers", help="Which models are cheap, mid or premium, by the mean of their input and output price."
)
WEIGHTS = Group(
    title="Tier weights",
    help="How much a model's score counts by its cost tier, for each complexity: high in the left column favours cheap "
    "models, high on the right expensive ones.",
)
SPEED = Group(
    title="Speed bonuses",
    help="Points added last, after all factors, to every model whose id contains the pattern. Several patterns add up.",
)
POLICIES = Group(title="Policies", help="How far what a caller prefers changes the order of a policy's models.")
CONTEXT = Group(title="Context", help="How the size of a request is compared with a model's window.")
CLASSIFICATION = Group(
    title="Classification",
    help="Who finds out what a request is about: the local table of words, an encoder and a model that are asked where it is "
    "unsure.",
)
SCORING = Group(title="Scoring", help="How the category counts where it is not certain.")
LEARNING = Group(
    title="Learning", help="What outcomes of earlier requests, once staff accepted what they say, change in the scores."
)
