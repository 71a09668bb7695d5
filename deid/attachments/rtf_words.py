"""What the control words of RTF mean to a reader who only wants the words on the page."""

from typing import Final

CHARSETS: Final = {
    0: "cp1252", 2: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab",
    134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255",
    178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 255: "cp437",
}  # fmt: skip
"""Character set of a font, to the code page its bytes are in."""

CODE_PAGES: Final = {
    437: "cp437", 708: "iso8859-6", 850: "cp850", 852: "cp852", 860: "cp860", 862: "cp862",
    863: "cp863", 864: "cp864", 865: "cp865", 866: "cp866", 874: "cp874", 932: "cp932",
    936: "gbk", 949: "cp949", 950: "cp950", 1250: "cp1250", 1251: "cp1251", 1252: "cp1252",
    1253: "cp1253", 1254: "cp1254", 1255: "cp1255", 1256: "cp1256", 1257: "cp1257",
    1258: "cp1258", 10000: "mac-roman", 65001: "utf-8",
}  # fmt: skip

CHARACTER_SETS: Final = {"ansi": "cp1252", "mac": "mac-roman", "pc": "cp437", "pca": "cp850"}

CELL_END: Final = "\x1f"
SIGNS: Final = {
    "par": "\n", "line": "\n", "sect": "\n", "page": "\n", "column": "\n", "softline": "\n",
    "row": "\n", "nestrow": "\n", "cell": CELL_END, "nestcell": CELL_END, "tab": " ",
    "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018",
    "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d", "emspace": " ",
    "enspace": " ", "qmspace": " ",
}  # fmt: skip
"""Control words that stand for a character."""

SYMBOLS: Final = {
    b"\\": "\\", b"{": "{", b"}": "}", b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n", b"\t": " ",
}  # fmt: skip

UNSEEN: Final = frozenset(
    {"aftncn", "aftnsep", "aftnsepc", "annotation", "atnauthor", "atndate", "atnicn", "atnid",
     "atnparent", "atnref", "atntime", "atrfend", "atrfstart", "author", "background", "bkmkend",
     "bkmkstart", "blipuid", "buptim", "category", "colorschememapping", "colortbl", "comment",
     "company", "creatim", "datafield", "datastore", "defchp", "defpap", "docvar", "doccomm",
     "ebcend", "ebcstart", "factoidname", "falt", "fchars", "ffdeftext", "ffentrymcr",
     "ffexitmcr", "ffformat", "ffhelptext", "ffl", "ffname", "ffstattext", "file", "filetbl",
     "fldinst", "fldtype", "fname", "fontemb", "fontfile", "formfield", "ftncn", "ftnsep",
     "ftnsepc", "generator", "gridtbl", "hlfr", "hlinkbase", "hlloc", "hlsrc", "hsv", "htmltag",
     "info", "keycode", "keywords", "latentstyles", "lchars", "levelnumbers", "leveltext",
     "listlevel", "listname", "listoverride", "listoverridetable", "listpicture", "liststylename",
     "listtable", "lsdlockedexcept", "macc", "manager", "mailmerge", "mhtmltag", "nextfile",
     "nonesttables", "nonshppict", "objalias", "objclass", "objdata", "objname", "objsect",
     "objtime", "oldcprops", "oldpprops", "oldsprops", "oldtprops", "operator", "panose",
     "password", "passwordhash", "pgp", "pgptbl", "picprop", "pict", "pn", "pnseclvl", "pntxta",
     "pntxtb", "printim", "private", "propname", "protusertbl", "pxe", "revtbl", "revtim",
     "rsidtbl", "rxe", "shprslt", "sn", "sp", "sv", "staticval", "stylesheet", "subject", "tc",
     "tcn", "template", "themedata", "title", "txe", "userprops", "wgrffmtfilter",
     "windowcaption", "writereservation", "writereservhash", "xe", "xform", "xmlattrname",
     "xmlattrvalue", "xmlclose", "xmlname", "xmlnstbl", "xmlopen"}
)  # fmt: skip
"""Destinations that are not the words of the document."""

SEEN: Final = frozenset(
    {"do", "dptxbxtext", "fldrslt", "footer", "footerf", "footerl", "footerr", "footnote", "header",
     "headerf", "headerl", "headerr", "listtext", "nesttableprops", "object", "pntext", "result",
     "shp", "shpinst", "shppict", "shptxt"}
)  # fmt: skip
"""Destinations a reader sees although they may be marked as optional."""

APART: Final = frozenset(
    {"dptxbxtext", "footer", "footerf", "footerl", "footerr", "footnote", "header", "headerf",
     "headerl", "headerr", "shptxt"}
)  # fmt: skip
"""Parts that stand on lines of their own."""
