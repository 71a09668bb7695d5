"""Web pages become plain text; what a reader would not see is left behind."""

import re
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

    None when the page cannot be read to its end (nested too deep), or when it hides parts by a
    style sheet, which is not read: half a page is no page.

    Comments, attributes, scripts, hidden parts and metadata stay behind. Text that is split
    over tags comes together, so that a name cannot hide between them.
    """
    if not source.strip():
        return ""
    root = _parse(source)
    if root is None or _hides_by_sheet(root):
        return None
    return "\n".join(lines_of(root, _VOCABULARY))


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


def _hides_by_sheet(root: etree._Element) -> bool:
    sheets = ("".join(str(style.text or "").split()).lower() for style in root.iter("style"))
    return any(_UNSEEN_STYLES.search(sheet.replace("}", ";")) for sheet in sheets)


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
