"""An answer as a PDF, drawn from its plain text alone.

Nothing is parsed as markup and nothing is fetched: no HTML, no addresses, no pictures; every
character is drawn as a character. The same text and time give the same bytes.

Spec: spec/wire.md 2.8 (5); spec/reliability.md V27, T33
"""

from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import WrapMode

NOT_FILED = "Copy. Not filed in the chart by Confer."
_FONT = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
_BODY, _HEADING, _SMALL = 10.0, 12.0, 8.0
_LINE = 1.45  # line height by letter height
_POINT_MM = 25.4 / 72
_MARGIN_MM = 18.0


def pdf_of(text: str, *, made_at: datetime, mark: str = "") -> bytes:
    """Return the PDF of a note; `mark` stands above it and at the foot of every page.

    `text` is a rendered note: a heading is a line in capitals. `made_at` is aware.
    """
    page = _Page(mark)
    page.set_creation_date(made_at)
    page.add_page()
    if mark:
        page.write_line(mark, _HEADING)
        page.ln(2)
    for line in text.splitlines():
        if not line.strip():
            page.ln(2)
        else:
            page.write_line(line, _HEADING if is_heading(line) else _BODY)
    return bytes(page.output())


def is_heading(line: str) -> bool:
    """Tell whether a line of a note is a heading: those are written in capitals."""
    return line.isupper() and not line[:1].isdigit()


class _Page(FPDF):
    """A4 pages with one embedded font and a foot."""

    def __init__(self, mark: str) -> None:
        """Take what stands at the foot of every page."""
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._mark = mark
        self.set_margins(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self.add_font("text", fname=_FONT)
        self.set_font("text", size=_BODY)
        self.set_title("Second opinion")
        self.set_creator("Confer")
        self.set_producer("Confer")
        self.set_lang("en")

    def write_line(self, line: str, size: float) -> None:
        """Write one line of text, wrapped at words or, where a word is too long, in it."""
        self.set_font("text", size=size)
        height = size * _LINE * _POINT_MM
        fits = all(self.get_string_width(word) < self.epw for word in line.split())
        self.multi_cell(
            w=0,
            h=height,
            text=line,
            align="L",
            new_x="LMARGIN",
            new_y="NEXT",
            markdown=False,
            wrapmode=WrapMode.WORD if fits else WrapMode.CHAR,
        )

    def footer(self) -> None:
        """Write the mark and the page's number."""
        self.set_y(-14)
        self.set_font("text", size=_SMALL)
        words = f"{self._mark} " if self._mark else ""
        self.cell(w=0, h=5, text=f"{words}Page {self.page_no()} of {{nb}}", align="L")
