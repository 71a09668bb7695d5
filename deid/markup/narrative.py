"""Web pages become plain text; what a reader would not see is left behind."""

import re
from dataclasses import replace
from typing import Final

from lxml import etree, html

from deid.markup.blocks import Vocabulary, lines_of

PICTURE: Final = "(picture left out)"

_BLOCKS: Final = frozenset(
    {"address", "article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "footer",
     "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre",
     "section", "table", "tbody", "thead", "tr", "ul"}
)  # fmt: skip
_UNSEEN: Final = frozenset(
    {"head", "script", "style", "template", "title", "noscript", "object", "svg", "math", "iframe",
     "embed", "audio", "video", "canvas", "datalist", "map", "noframes", "noembed"}
)  # fmt: skip
_UNSEEN_STYLES: Final = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|mso-hide:all|opacity:0(?:\.0{1,9})?(?=;|\Z)"
    r"|font-size:0(?:px|pt|em|rem|%)?(?=;|\Z)"
)
_SHEET_COMMENT: Final = re.compile(r"/\*[^*]{0,2000}\*/")
_SELECTOR: Final = re.compile(r"[.#]?[A-Za-z][\w-]{0,60}")
_TAG: Final = re.compile(
    r"<(/?)(a|b|i|u|p|br|hr|em|h[1-6]|li|ol|ul|td|th|tr|div|pre|sub|sup|font|span|body|html|table"
    r"|tbody|thead|strong|center)(?:\s[a-z-]{1,20}=[^<>]{0,300}|\s{0,3}/?\s{0,3})>",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"<!--[^<>]{0,2000}-->")
_BREAKING: Final = frozenset(
    {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "ul", "tr", "div", "pre",
     "table"}
)  # fmt: skip


def html_to_text(source: str) -> str | None:
    """Return the text a reader of a web page sees, one line a block.

    None when the page cannot be read to its end (nested too deep), or when its style sheet hides
    parts in a way that is not understood: half a page is no page.

    Comments, attributes, scripts, hidden parts and metadata stay behind. Text that is split
    over tags comes together, so that a name cannot hide between them.
    """
    if not source.strip():
        return ""
    root = _parse(source)
    gone = None if root is None else _hidden_by_sheets(root)
    if root is None or gone is None:
        return None
    if not gone:
        return "\n".join(lines_of(root, _VOCABULARY))
    sheet = replace(_VOCABULARY, hidden=lambda item: _hidden(item) or _selected(item, gone))
    return "\n".join(lines_of(root, sheet))


def without_tags(text: str) -> str:
    """Return a plain text without the tags of a web page that somebody left in it.

    Only well-known tags and comments go, so that "Hb <b and > a" keeps its signs.
    """
    if "<" not in text:
        return text
    text = _COMMENT.sub("", text)
    return _TAG.sub(lambda tag: "\n" if tag[2].lower() in _BREAKING else "", text)


def _parse(source: str) -> etree._Element | None:
    parser = html.HTMLParser(
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    broken = any(each.level >= etree.ErrorLevels.FATAL for each in parser.error_log)
    return None if broken else root


def _hidden_by_sheets(root: etree._Element) -> frozenset[str] | None:
    """Return what style sheets hide, as `tag`, `.class` or `#id`; None when told otherwise."""
    found: set[str] = set()
    for style in root.iter("style"):
        sheet = _SHEET_COMMENT.sub("", str(style.text or ""))
        hiding = [rule for rule in sheet.split("}") if _hides(rule)]
        if hiding and ("@" in sheet or sheet.count("{") != sheet.count("}")):
            return None
        for rule in hiding:
            found.update(each.strip() for each in rule.partition("{")[0].split(","))
    return frozenset(found) if all(_SELECTOR.fullmatch(each) for each in found) else None


def _hides(rule: str) -> bool:
    return bool(_UNSEEN_STYLES.search("".join(rule.split()).lower()))


def _selected(item: etree._Element, hidden: frozenset[str]) -> bool:
    names = {f".{name}" for name in (item.get("class") or "").split()}
    names |= {str(item.tag), f"#{item.get('id')}"}
    return not names.isdisjoint(hidden)


def _hidden(item: etree._Element) -> bool:
    if item.get("hidden") is not None:
        return True
    style = item.get("style")
    return style is not None and bool(_UNSEEN_STYLES.search("".join(style.split()).lower()))


_VOCABULARY: Final = Vocabulary(
    blocks=_BLOCKS,
    unseen=_UNSEEN,
    kept=frozenset({"pre", "textarea"}),
    marked=frozenset({"img"}),
    mark=f" {PICTURE} ",
    hidden=_hidden,
)
