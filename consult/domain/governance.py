"""The responsibility statement that a specialist accepts with each signature."""

import hashlib

from exchange.opinion import Responsibility

STATEMENT_ID = "responsibility"
STATEMENT_VERSION = "1"
STATEMENT_TEXT = (
    "Formal advice on the de-identified data sent. The patient was not examined. "
    "The specialist answers for the advice given on these data; the asking team knows the "
    "patient, decides, and stays responsible for care. No conflict of interest is known."
)
# Policies of de-identification that this network admits: (id, version).
ADMITTED_POLICIES: frozenset[tuple[str, str]] = frozenset(
    {("safe-harbor", "1"), ("expert-determination", "1"), ("uk-confidential", "1")}
)


def responsibility() -> Responsibility:
    """Return the present statement with its hash."""
    return Responsibility(
        statement_id=STATEMENT_ID,
        version=STATEMENT_VERSION,
        sha256=hashlib.sha256(STATEMENT_TEXT.encode("utf-8")).hexdigest(),
        text=STATEMENT_TEXT,
    )
