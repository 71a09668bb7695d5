"""The words of an opinion: one list of blocks, written as plain text and as XHTML.

Both come from the same blocks, so that they cannot say different things. The hospital
renders the re-linked record through the same functions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from exchange import names
from exchange.opinion import Basis, OpinionRecord


@dataclass(frozen=True, kw_only=True)
class Block:
    """A heading with paragraphs, or with a numbered list."""

    heading: str
    lines: tuple[str, ...]
    numbered: bool = False


def blocks(record: OpinionRecord) -> tuple[Block, ...]:
    """Return the content of an opinion in reading order, bottom line first."""
    return tuple(_blocks(record))


def _blocks(record: OpinionRecord) -> Iterator[Block]:
    opinion = record.opinion
    yield Block(heading="Bottom line", lines=_paragraphs(opinion.bottom_line))
    yield Block(
        heading="Recommendations",
        numbered=True,
        lines=tuple(
            item.what.strip() + (f": {item.how.strip()}" if item.how.strip() else "")
            for item in opinion.recommendations
            if item.what.strip()
        ),
    )
    yield Block(heading="Rationale", lines=_paragraphs(opinion.rationale))
    yield Block(heading="What would change this advice", lines=_paragraphs(opinion.change_my_mind))
    yield Block(
        heading="In-person review", lines=(names.IN_PERSON_REVIEWS[opinion.in_person_review],)
    )
    if opinion.teaching_point.strip():
        yield Block(heading="Teaching point", lines=_paragraphs(opinion.teaching_point))
    yield Block(
        heading="Assessment",
        lines=(
            f"Outcome: {names.OUTCOMES[opinion.outcome]}",
            f"Confidence: {names.CONFIDENCES[opinion.confidence]}",
        ),
    )
    yield Block(heading="Basis", lines=(basis_sentence(record.basis),))
    author = record.author
    yield Block(
        heading="Signed by",
        lines=(
            f"{author.name}, {names.SPECIALTIES.get(author.specialty, 'Specialist')}, "
            f"{record.signed_at}",
            *(
                f"{item.title}, checked at {item.source} on {item.verified_on}, "
                f"valid until {item.valid_until}"
                for item in author.credentials
            ),
        ),
    )
    yield Block(heading="Responsibility", lines=(record.responsibility.text,))


def basis_sentence(basis: Basis) -> str:
    """Say on what data an opinion rests."""
    counted = [
        f"{basis.results} result{'' if basis.results == 1 else 's'}",
        f"{basis.notes} note{'' if basis.notes == 1 else 's'}",
        f"{basis.documents} document{'' if basis.documents == 1 else 's'}",
    ]
    newest = f" (newest result {basis.newest_result})" if basis.newest_result else ""
    missing = f" Missing: {', '.join(basis.missing)}." if basis.missing else ""
    return f"{', '.join(counted)}{newest}.{missing} The patient was not examined."


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def to_text(record: OpinionRecord) -> str:
    """Return the opinion as plain text with a final newline."""
    return text_of(blocks(record))


def to_xhtml(record: OpinionRecord) -> str:
    """Return the opinion as one XHTML `div`."""
    return xhtml_of(blocks(record))


def text_of(content: Sequence[Block]) -> str:
    """Write blocks as plain text."""
    out: list[str] = []
    for block in content:
        out.append(block.heading.upper())
        for n, line in enumerate(block.lines, start=1):
            out.append(f"{n}. {line}" if block.numbered else line)
        out.append("")
    return "\n".join(out).rstrip("\n") + "\n"


def xhtml_of(content: Sequence[Block]) -> str:
    """Write blocks as one XHTML `div`; every text is escaped."""
    out = ['<div xmlns="http://www.w3.org/1999/xhtml">']
    for block in content:
        out.append(f"<h2>{escape(block.heading)}</h2>")
        if block.numbered:
            items = "".join(f"<li>{escape(line)}</li>" for line in block.lines)
            out.append(f"<ol>{items}</ol>")
        else:
            out.extend(f"<p>{escape(line)}</p>" for line in block.lines)
    out.append("</div>")
    return "".join(out)
