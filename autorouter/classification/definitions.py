"""What the categories and complexities mean, said once: for people who read pages, and for a model that is asked.

Each category completes "asks to ...", each complexity "a task that ..."; multimodal is read from attachments, never from words.
"""

from collections.abc import Mapping

from autorouter.types import Category, Complexity

CATEGORY_DEFINITIONS: Mapping[Category, str] = {
    "coding": "write, repair, explain, review or run code, queries, configuration or commands, or design software",
    "reasoning": "work out an answer step by step: mathematics, logic, puzzles, proofs, word problems with quantities, plans "
    "under constraints",
    "creative": "write or rewrite something that lives by its form or imagination: stories, poems, slogans, names, speeches, "
    "e-mails and letters, scenes in a role",
    "factual": "say what can be looked up or explained from general knowledge: definitions, how things work or are usually done, "
    "the translation of a phrase",
    "analysis": "work on given material or a described situation: summarise, classify, extract, compare, evaluate, interpret, "
    "decide with trade-offs",
    "conversation": "chat: greetings, small talk, personal matters and advice about them, the assistant's opinions, a persona "
    "that just talks",
    "multimodal": "look at an image or listen to a recording that is attached, whatever the words are about",
    "research": "investigate over several sources: the state of a field, literature, evidence, a market or policy overview, an "
    "up-to-date comparison with references, a report",
}
COMPLEXITY_DEFINITIONS: Mapping[Complexity, str] = {
    "simple": "needs a short or routine answer, for which a small model is good enough",
    "moderate": "needs some knowledge, several steps or a longer answer, which a good mid-sized model gives",
    "complex": "needs a strong model: many steps or conditions, deep knowledge, or a long answer that must hold together",
}
