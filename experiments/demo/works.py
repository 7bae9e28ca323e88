"""What is asked in the demonstration, and how much of it: prompts of our own words with blanks to fill in. Data."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One kind of thing that people, or programs, ask for."""

    name: str
    prompts: tuple[str, ...]
    weight: float
    """How often, beside the others of its team."""
    context_tokens: int
    """In the middle, of what goes along with the prompt."""
    answer_tokens: int
    """In the middle."""
    task_type: str = ""
    policy: str = ""
    model: str = "auto"
    priority: str = ""
    tags: tuple[str, ...] = ()
    worker: str = ""
    """A program that asks, by day and by night."""
    turns: int = 1
    """The most that a conversation has."""
    needs_tools: bool = False
    is_stream: bool = False


BLANKS: dict[str, tuple[str, ...]] = {
    "part": ("the checkout", "the stock import", "the invoice mailer", "the search index", "the login page", "the courier sync"),
    "language": ("Python", "TypeScript", "Go", "SQL", "Rust"),
    "error": ("a time-out", "a null reference", "a deadlock", "an off-by-one", "a wrong time zone", "a leaking file handle"),
    "place": ("Lisbon", "Tromsø", "Graz", "Porto", "Ghent", "Galway"),
    "product": ("a folding bicycle", "a touring helmet", "a child seat", "a dynamo lamp", "a cargo trailer", "winter gloves"),
    "number": ("three", "five", "seven", "ten", "a dozen"),
    "quarter": ("the first quarter", "spring", "the last six weeks", "the holiday season", "this month"),
    "topic": ("sleep and night shifts", "cold-chain transport", "gluten thresholds", "battery recycling", "knee rehabilitation"),
    "tone": ("dry", "cheerful", "solemn", "conspiratorial", "matter-of-fact"),
}  # fmt: skip

FIX = Work(
    name="fix", weight=9, context_tokens=2_400, answer_tokens=620, task_type="fix_bug", tags=("engineering",), needs_tools=True,
    is_stream=True, turns=5,
    prompts=(
        "Our {language} code in {part} fails with {error} once the second worker starts. Find the cause and fix it.",
        "Write a failing test for {error} in {part}, then change the {language} function so that it passes.",
        "Review this {language} patch to {part}: does it get rid of {error}, and what would you do otherwise?",
        "Rename the {language} helpers in {part} so that nobody takes one for the other, without changing what they do.",
    ),
)  # fmt: skip
INVESTIGATE = Work(
    name="investigate", weight=3, context_tokens=5_200, answer_tokens=900, task_type="investigate_error",
    tags=("engineering", "oncall"),
    prompts=(
        "Since last night {part} is {number} times slower, and the logs show {error}. Which of these changes is to blame?",
        "Compare two traces of {part}: where does {error} come from, and what is only a symptom?",
    ),
)  # fmt: skip
LOGS = Work(
    name="logs", weight=10, context_tokens=3_100, answer_tokens=240, task_type="analyze_logs",
    tags=("ops",), worker="log-watcher",
    prompts=(
        "Group these log lines of {part} by what went wrong, and count each group.",
        "Which of these entries of {part} are new since yesterday, and does any of them look like {error}?",
    ),
)  # fmt: skip
HEALTH = Work(
    name="health", weight=14, context_tokens=180, answer_tokens=40, task_type="health_check", tags=("ops",), worker="status-bot",
    prompts=("Is {part} up? Answer yes or no, and the time.", "Say the state of {part} in one line."),
)  # fmt: skip
TRIAGE = Work(
    name="triage", weight=18, context_tokens=420, answer_tokens=90, task_type="simple_query",
    tags=("support",), worker="ticket-triage",
    prompts=(
        "Sort this mail into returns, delivery, billing or praise: I have ordered {product} for {place}, and it has not come.",
        "Which shelf does {product} belong on? One word.",
        "Put this address in {place} into the form street, number, town.",
    ),
)  # fmt: skip
REPLY = Work(
    name="reply", weight=12, context_tokens=700, answer_tokens=260, tags=("support",), turns=4, is_stream=True, priority="speed",
    prompts=(
        "Hello! A customer in {place} wants to give {product} back after {number} weeks. How do I put that kindly?",
        "Thanks, and could you say the same again, shorter and a bit more {tone}?",
        "Can you help me with a customer who is angry about {product}?",
    ),
)  # fmt: skip
REPORT = Work(
    name="report", weight=4, context_tokens=6_500, answer_tokens=1_100, task_type="report", tags=("finance",),
    prompts=(
        "Summarise the sales of {product} in {quarter}: what moved, by how much, and the {number} likeliest reasons.",
        "Analyse this table of returns from {place} for {quarter}, and say which figures do not fit together.",
    ),
)  # fmt: skip
RESEARCH = Work(
    name="research", weight=3, context_tokens=9_000, answer_tokens=2_100, policy="deep_research",
    tags=("research",), priority="quality",
    prompts=(
        "Compare what has been published on {topic} in recent years, with sources, and say what is still disputed.",
        "Find {number} recent studies on {topic}, weigh their methods against each other, and name the open questions.",
    ),
)  # fmt: skip
FACTS = Work(
    name="facts", weight=6, context_tokens=160, answer_tokens=110, tags=("support",), priority="cost",
    prompts=(
        "What is the usual voltage of the grid in {place}?",
        "How many public holidays are there in {place} in December?",
        "What does the norm say about the weight of {product}?",
    ),
)  # fmt: skip
COPY = Work(
    name="copy", weight=7, context_tokens=500, answer_tokens=520, tags=("marketing",), turns=3, is_stream=True,
    prompts=(
        "Write {number} {tone} slogans for {product}, none longer than six words.",
        "Tell a {tone} story of a morning in {place} in which {product} saves the day.",
        "Turn this data sheet of {product} into a product page in a {tone} voice.",
    ),
)  # fmt: skip
PLAN = Work(
    name="plan", weight=3, context_tokens=1_300, answer_tokens=1_500, tags=("operations",), priority="quality",
    prompts=(
        "We have {number} vans and two depots near {place}. Work out which route is the shortest, and prove it.",
        "If {part} is down for {number} hours on a Friday, what follows for the stock of {product}? Reason it through.",
    ),
)  # fmt: skip
CODING_AGENT = Work(
    name="agent", weight=6, context_tokens=14_000, answer_tokens=480, policy="code",
    tags=("engineering", "agent"), needs_tools=True,
    is_stream=True, turns=12,
    prompts=(
        "Go on with the refactoring of {part}: run the tests, and fix what breaks next.",
        "Implement the endpoint of {part} in {language} as the plan says, with tests.",
    ),
)  # fmt: skip
FIXED_MODEL = Work(
    name="pinned", weight=4, context_tokens=900, answer_tokens=350, model="openai:gpt-5.4-mini",
    tags=("legacy",), worker="old-portal",
    prompts=("Rewrite the description of {product} in plain words.", "Give this note on {topic} a title."),
)  # fmt: skip
NOTES = Work(
    name="notes", weight=8, context_tokens=2_800, answer_tokens=420, tags=("clinic",),
    prompts=(
        "Shorten this dictated note on {topic} to {number} lines without losing a figure.",
        "Which of the points in this letter on {topic} does the patient have to do something about?",
    ),
)  # fmt: skip
