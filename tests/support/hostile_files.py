"""Files that hide a name where a reader does not see it, made byte by byte."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

_W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TYPES: Final = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.'
    'openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS: Final = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)


def docx(body: str, parts: Mapping[str, str] | None = None) -> bytes:
    """A Word file with this XML as its body and these parts beside it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr(
            "word/document.xml",
            f'<?xml version="1.0"?><w:document {_W}><w:body>{body}</w:body></w:document>',
        )
        for name, content in (parts or {}).items():
            archive.writestr(name, content.replace("<w:", "<w:", 1))
    return out.getvalue()


def word_part(tag: str, body: str) -> str:
    """An XML part of a Word file."""
    return f'<?xml version="1.0"?><w:{tag} {_W}>{body}</w:{tag}>'


def paragraph(*runs: str) -> str:
    """A paragraph whose text stands in these runs."""
    return "<w:p>" + "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs) + "</w:p>"


def pdf(pages: Sequence[str], *, info: str = "", objects: Sequence[str] = ()) -> bytes:
    """A PDF with one content stream a page; `info` and `objects` are PDF source."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, stream in enumerate(pages):
        bodies.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * n} 0 R >>"
        )
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    bodies.extend(objects)
    if info:
        bodies.append(info)
    out, offsets = b"%PDF-1.4\n", []
    for n, body in enumerate(bodies, start=1):
        offsets.append(len(out))
        out += f"{n} 0 obj\n{body}\nendobj\n".encode("latin-1")
    trailer = f"/Size {len(bodies) + 1} /Root 1 0 R" + (f" /Info {len(bodies)} 0 R" if info else "")
    return out + _cross_references(offsets, first=0, at=len(out), trailer=trailer)


def revised(old: bytes, number: int, body: str, *, size: int) -> bytes:
    """The PDF with one object replaced in an incremental save; the old one is still in it."""
    old_table = int(old.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    out = old + b"\n"
    at = len(out)
    out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = f"xref\n{number} 1\n{at:010d} 00000 n \n"
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Prev {old_table} >>\n"
    return out + (table + trailer + f"startxref\n{len(out)}\n%%EOF\n").encode()


def _cross_references(offsets: list[int], *, first: int, at: int, trailer: str) -> bytes:
    lines = [f"xref\n{first} {len(offsets) + 1}\n0000000000 65535 f \n"]
    lines += [f"{offset:010d} 00000 n \n" for offset in offsets]
    lines.append(f"trailer\n<< {trailer} >>\nstartxref\n{at}\n%%EOF\n")
    return "".join(lines).encode()


def shown(*lines: str) -> str:
    """A content stream that shows lines of text."""
    rows = " 0 -14 Td ".join(f"({line}) Tj" for line in lines)
    return f"BT /F1 11 Tf 72 720 Td {rows} ET"


def deflated(text: str) -> bytes:
    """The text as a zlib stream."""
    return zlib.compress(text.encode())
