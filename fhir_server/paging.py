"""Next links of searches, histories and $everything."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fhir_server.ports import Grant
from fhir_server.search import page_links
from fhir_server.search.page_links import PageState

DEFAULT_COUNT = 100
MAX_COUNT = 1_000


@dataclass(frozen=True, kw_only=True)
class PageLinks:
    """Makes and opens page links; the key is fetched only when a link is needed."""

    base_url: str
    key: Callable[[], bytes] = field(repr=False)

    def make(self, state: PageState, grant: Grant) -> str:
        """Return the absolute address of the next page."""
        sealed = page_links.seal(state, key=self.key(), binding=binding_of(grant))
        return f"{self.base_url}/{state.address}?{page_links.PARAMETER}={sealed}"

    def open(self, text: str, address: str, grant: Grant) -> PageState:
        """Open the text of a page link, or raise `PageLinkInvalid`."""
        return page_links.unseal(text, key=self.key(), binding=binding_of(grant), address=address)


def binding_of(grant: Grant) -> str:
    """Return what ties a link to its caller: the host's word, and how far the grant reaches."""
    reach: Any = None if grant.compartments is None else sorted(grant.compartments)
    return repr((grant.binding, reach, grant.constraints))


def page_size(asked: int | None) -> int:
    """Return the page size for a wish: 100 without one, at most 1000."""
    return DEFAULT_COUNT if asked is None else min(asked, MAX_COUNT)
