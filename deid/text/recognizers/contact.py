"""Phones, pagers, e-mail, links, network addresses, user names and file names."""

import re
from collections.abc import Iterator

from deid.text.document import Category, Finding
from deid.text.scanning import Scan, scan
from deid.text.tokens import TextView

_DOSE_AFTER = r"(?!\s?(?:mg|ml|mcg|g\b|kcal|cal\b|units?|iu\b|steps|%|cells|/))"
_PHONE = scan(
    r"(?<![\w.])(?:"
    r"(?:\+?1[\s.-]?)?\(?[2-9]\d\d\)?[\s.-]{0,2}\d{3}[\s.-]?\d{4}"
    r"|\+\d{1,3}[\s.-]?\(?\d{1,5}\)?(?:[\s.-]?\d{2,5}){1,4}"
    r"|\(?0\d{1,4}\)?[\s-]?\d{3,4}[\s-]?\d{3,4}"
    r"|\(\d{3}\)\s?\d{3}[\s.-]\d{4}|[2-9]\d\d/\d{3}-\d{4}"
    rf"|[2-9]\d\d[.-]\d{{4}}{_DOSE_AFTER}"
    r")(?![\d-])"
)
_EXTENSION = scan(r"(?<![A-Za-z])(?:x|ext\.?|extn\.?|extension)\s?:?\s?(?P<n>\d{2,6})\b")
_SHORT = scan(
    r"(?<![A-Za-z])(?P<cue>pager|pgr|pg|bleep|beeper|page|tel|phone|ph|call|cell|mobile|fax|"
    r"voicemail|vm|"
    r"asc?om|vocera|dect|spectralink)\.?(?:\s(?:no\.?|number|at|on|me at|#))?\s?[:#]?\s{0,2}"
    r"(?P<n>\d{3,7})(?![\d/]|\.\d|-\d|\s?(?:mg|ml|%|for\s\d))"
)
_PAGED_AT = scan(
    r"\b(?:paged?|pgr|pager|bleeped|called|call|"
    r"reach)\b[^.;\n]{0,30}?\bat\s(?P<n>(?![01]\d[0-5]\d\b|2[0-3][0-5]\d\b)"
    r"\d{3,6})(?![\d:/]|\.\d|\s?[ap]m|\s?(?:hrs?|hours|mg|ml))"
)
_EMAIL = scan(r"[\w.+%'-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}")
_BROKEN_EMAIL = scan(
    r"\b[\w.+-]{1,64}\s?(?:\(at\)|\[at\]|\sat\s)\s?[a-z0-9-]{1,63}\s?(?:\.|\(dot\)|\[dot\]|"
    r"\sdot\s)\s?"
    r"(?:com|org|net|edu|gov|uk|co|nhs)\b"
)
_URL = scan(r"\b(?:https?://|ftp://|www\.)[^\s<>\"')\]]{3,300}")
_HOST = scan(
    r"(?<![\w@.])(?:[a-z0-9-]{2,40}\.){1,4}(?:com|org|net|edu|gov|info|io|health|care|example|"
    r"test|clinic|app|ie|ca|nhs\.uk|com\.au|org\.au|gov\.au|co\.nz|co\.in|"
    r"co\.uk|"
    r"ac\.uk)(?:/[^\s<>\"')\]]{0,200})?(?![\w.])"
)
_IP = scan(
    r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|"
    r"1?\d?\d)(?::\d{2,5})?(?!\d|\.\d)"
)
_IPV6 = scan(r"(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])")
_MAC = scan(r"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])")
_HANDLE = scan(r"(?<![\w.@/])@[a-z0-9_.-]{2,40}\b")
_USER = scan(
    r"\b(?:user\s?name|user\s?id|portal user|login|log-?in|handle|screen name|account|skype|"
    r"instagram|"
    r"twitter|facebook|whatsapp|user)\b(?:\s(?:is|for [a-z]{1,12}(?: [a-z]{1,12})?|name|"
    r"as)\b)?\s?[:=]?\s{0,2}"
    r"[\"'(]?(?P<n>(?=[a-z0-9_.-]*[a-z])[a-z0-9]+(?:[._-][a-z0-9]+)+|[a-z]+\d[a-z0-9]*)(?![\w@])"
)
_USER_BESIDE_NAME = scan(
    r"\((?P<n>(?=[a-z._]*\d)[a-z]{3,}[a-z0-9._]{1,30}|[a-z]{2,}[._][a-z]{2,})\)"
)
_FILE_ENDING = scan(
    r"\.(?:jpe?g|png|gif|bmp|tiff?|heic|pdf|docx?|xlsx?|pptx?|rtf|txt|csv|dcm|mp[34]|mov|avi|wav|"
    r"m4a|zip|html?|xml|json)\b"
)
_FILE_STEM = re.compile(r"[\w()+.-]{1,120}\Z")
#: an IPv6 or hardware address needs that many colons or hyphens
_ADDRESS_SIGNS = 4
_TOP_DOMAINS = (
    ".com",
    ".org",
    ".net",
    ".edu",
    ".gov",
    ".info",
    ".io",
    ".health",
    ".care",
    ".uk",
    ".example",
    ".test",
    ".clinic",
    ".app",
    ".ie",
    ".ca",
    ".au",
    ".nz",
    ".in",
)

#: what must stand in a text for a pattern to be worth trying (any of them; none: always tried)
_PLAIN: tuple[tuple[tuple[str, ...], Scan, Category, str], ...] = (
    (("@",), _EMAIL, "email", "contact.email"),
    ((" at ", "(at)", "[at]"), _BROKEN_EMAIL, "email", "contact.email_spelled"),
    (("://", "www."), _URL, "url", "contact.url"),
    (_TOP_DOMAINS, _HOST, "url", "contact.host"),
    (("@",), _HANDLE, "username", "contact.handle"),
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield every way to reach somebody, and names of files and accounts."""
    if view.digit_runs:
        for match in view.scan(_PHONE):
            yield _finding(*match.span(), "phone", "contact.phone")
        for match in view.scan(_IP):
            yield _finding(*match.span(), "ip", "contact.ip")
    for needles, pattern, category, rule in _PLAIN:
        if not view.has(needles):
            continue
        for match in view.scan(pattern):
            yield _finding(*match.span(), category, rule)
    yield from _addresses_and_files(view)
    yield from _short_numbers(view)
    yield from _user_names(view)


def _addresses_and_files(view: TextView) -> Iterator[Finding]:
    text = view.lower
    if text.count(":") + text.count("-") >= _ADDRESS_SIGNS:
        for pattern in (_IPV6, _MAC):
            for match in view.scan(pattern):
                yield _finding(*match.span(), "ip", "contact.ip")
    for ending in view.scan(_FILE_ENDING):
        stem = _FILE_STEM.search(text, max(0, ending.start() - 120), ending.start())
        if stem:
            yield _finding(stem.start(), ending.end(), "file", "contact.file_name")


def _short_numbers(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_EXTENSION):
        yield _finding(*match.span(), "phone", "contact.extension", base="extension")
    for match in view.scan(_SHORT):
        base = "pager" if match["cue"][0] in "pb" and match["cue"][:2] != "ph" else "phone"
        yield _finding(*match.span("n"), "phone", "contact.short_number", base=base)
    for match in view.scan(_PAGED_AT):
        yield _finding(*match.span("n"), "phone", "contact.short_number")


def _user_names(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_USER):
        yield _finding(*match.span("n"), "username", "contact.user_name")
    for match in view.scan(_USER_BESIDE_NAME):
        if not view.plain[match.start("n") : match.end("n")].isupper():
            yield _finding(*match.span("n"), "username", "contact.user_name")


def _finding(start: int, end: int, category: Category, rule: str, *, base: str = "") -> Finding:
    return Finding(start=start, end=end, category=category, confidence="sure", rule=rule, base=base)
