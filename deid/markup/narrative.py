"""Web pages become plain text; what a reader would not see is left behind."""

from typing import Final

from lxml import etree, html

_BLOCKS: Final = frozenset(
    {"address", "article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "footer",
     "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre",
     "section", "table", "tbody", "thead", "tr", "ul"}
)  # fmt: skip
_UNSEEN: Final = frozenset(
    {"head", "script", "style", "template", "title", "noscript", "object", "svg"}
)


def html_to_text(source: str) -> str | None:
    """Return the text a reader of a web page sees, one line a block.

    None when the page cannot be read to its end (nested too deep): half a page is no page.

    Comments, attributes, scripts, hidden parts and metadata stay behind. Text that is split
    over tags comes together, so that a name cannot hide between them.
    """
    if not source.strip():
        return ""
    root = _parse(source)
    if root is None:
        return None
    parts: list[str] = []
    _gather(root, parts)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _parse(source: str) -> etree._Element | None:
    parser = html.HTMLParser(
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = html.document_fromstring(source.encode("utf-8"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    broken = any(each.level >= etree.ErrorLevels.FATAL for each in parser.error_log)
    return None if broken else root


def _gather(root: etree._Element, parts: list[str]) -> None:
    """Collect text in document order without recursion, however deep the page is nested."""
    pending: list[etree._Element | str] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        name = str(item.tag).lower()
        after = [item.tail] if item.tail and item is not root else []
        if name in _UNSEEN or _hidden(item):
            pending.extend(after)
            continue
        edge = "\n" if name in _BLOCKS else "\t" if name in ("td", "th") else ""
        pending.extend([*after, edge, *reversed(list(item)), item.text or "", edge])


def _hidden(item: etree._Element) -> bool:
    style = "".join((item.get("style") or "").split()).lower()
    return item.get("hidden") is not None or "display:none" in style or "visibility:hidden" in style
