"""Parses XML without following it anywhere: no document type, no entities, no network."""

from typing import Final

from lxml import etree

Element = etree._Element

MAX_ELEMENTS: Final = 250_000
"""Elements of one document; a clinical document has ten thousand."""


class XmlRefused(Exception):
    """XML that is broken or asks for more than reading; `reason` is in our words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(body: bytes) -> Element:
    """Return the root of an XML document, without comments and processing instructions.

    The parser's own limit on depth (256) and on the length of one text stay on.

    Raises:
        XmlRefused: not well formed, too deep, too many elements, a document type, an entity.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        # A name of a character set nobody knows is a LookupError.
        raise XmlRefused("damaged XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("XML with a document type")
    for count, item in enumerate(root.iter(), start=1):
        if count > MAX_ELEMENTS:
            raise XmlRefused("too large")
        if not isinstance(item.tag, str):
            raise XmlRefused("XML with an entity")
    return root
