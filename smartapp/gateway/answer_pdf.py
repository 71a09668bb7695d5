"""An answer as a PDF, drawn from its plain text alone.

Nothing is parsed as markup and nothing is fetched: no HTML, no addresses, no pictures; every
character is drawn as a character. The same text and time give the same bytes.

Spec: spec/wire.md 2.8 (5); spec/reliability.md V27, T33
"""

from datetime import datetime

NOT_FILED = "Copy. Not filed in the chart by Confer."


def pdf_of(text: str, *, made_at: datetime, mark: str = "") -> bytes:
    """Return the PDF of a note; `mark` stands above it and at the foot of every page.

    `text` is a rendered note: a heading is a line in capitals. `made_at` is aware.
    """
    # fpdf is slow to import, and few answers become a PDF
    from smartapp.gateway.pdf_page import BODY, HEADING, Page  # noqa: PLC0415

    page = Page(mark)
    page.set_creation_date(made_at)
    page.add_page()
    if mark:
        page.write_line(mark, HEADING)
        page.ln(2)
    for line in text.splitlines():
        if not line.strip():
            page.ln(2)
        else:
            page.write_line(line, HEADING if is_heading(line) else BODY)
    return bytes(page.output())


def is_heading(line: str) -> bool:
    """Tell whether a line of a note is a heading: those are written in capitals."""
    return line.isupper() and not line[:1].isdigit()
