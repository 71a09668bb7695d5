"""The pages of an answer as PDF: one embedded font, a mark and page numbers at the foot.

Nothing is parsed as markup and nothing is fetched.
"""

from pathlib import Path

from fpdf import FPDF
from fpdf.enums import WrapMode

_FONT = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
BODY, HEADING, _SMALL = 10.0, 12.0, 8.0
_LINE = 1.45  # line height by letter height
_POINT_MM = 25.4 / 72
_MARGIN_MM = 18.0


class Page(FPDF):
    """A4 pages with one embedded font and a foot."""

    def __init__(self, mark: str) -> None:
        """Take what stands at the foot of every page."""
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._mark = mark
        self.set_margins(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self.add_font("text", fname=_FONT)
        self.set_font("text", size=BODY)
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
