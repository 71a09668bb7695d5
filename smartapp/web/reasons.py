"""Why something was changed, in words a doctor reads in a second. Pure."""

from collections.abc import Mapping

_CATEGORY: Mapping[str, tuple[str, str]] = {
    # category -> (what it is, what becomes of it or why)
    "name": ("Name", "of a person"),
    "date": ("Date or time", "becomes time from your question"),
    "birth_date": ("Date of birth", "becomes age or year of birth"),
    "age": ("Age over 89", "becomes one group"),
    "phone": ("Phone or pager", "number"),
    "email": ("E-mail address", ""),
    "url": ("Web address", ""),
    "ip": ("Network address", ""),
    "username": ("User name", ""),
    "file": ("File name", ""),
    "national_id": ("National number", ""),
    "record_number": ("Record number", "of this hospital"),
    "health_plan": ("Insurance number", ""),
    "account": ("Account number", ""),
    "license": ("License number", ""),
    "vehicle": ("Vehicle number", ""),
    "device": ("Device number", ""),
    "biometric": ("Photo or other body data", ""),
    "picture": ("Picture", "that was not made of pixels alone"),
    "other_id": ("Number", "that looks like an identifier"),
    "street": ("Address", "below state level"),
    "city": ("Place", "below state level"),
    "postal_code": ("Postal code", ""),
    "place": ("Place", "below state level"),
    "organization": ("Organization", ""),
    "unit": ("Ward or unit", ""),
    "employer": ("Employer", ""),
    "school": ("School", ""),
    "occupation": ("Rare occupation", ""),
    "hidden": ("Hidden by you", ""),
    "link": ("Link", "to another record"),
    "extension": ("Unknown addition", "not on the list of what may leave"),
    "metadata": ("Bookkeeping", "not needed"),
    "demographic": ("Personal detail", "not needed"),
    "narrative": ("Formatted text", "made anew from the data"),
    "not_needed": ("Detail", "not needed"),
    "identifies": ("Person, place or device", "named by role only"),
    "local_code": ("Code of this hospital", "only its label leaves"),
    "extreme": ("Extreme measurement", "cut at the top"),
    "refused": ("Part", "that cannot be made safe"),
    "sensitive": ("Sensitive content", "kept back by the policy or by you"),
    "left_out": ("Left out", "by you"),
}
WHY: Mapping[str, str] = {
    "ordinary_word": "An ordinary word",
    "clinical_term": "A disease, drug, or test",
    "method_name": "Part of the name of a method",
    "names_nobody": "A place or thing that points to nobody",
    "other": "Another reason",
}
"""Why a doctor gives a word back; the codes are the gateway's `WHY_GIVEN_BACK`."""
_KNOWN = " in this chart"
_NOUNS: Mapping[str, tuple[str, str]] = {
    "name": ("name", "names"),
    "date": ("date or time", "dates and times"),
    "birth_date": ("date of birth", "dates of birth"),
    "age": ("age", "ages"),
    "phone": ("phone number", "phone numbers"),
    "email": ("e-mail address", "e-mail addresses"),
    "url": ("web address", "web addresses"),
    "record_number": ("record number", "record numbers"),
    "other_id": ("number", "numbers"),
    "street": ("address", "addresses"),
    "city": ("place", "places"),
    "place": ("place", "places"),
    "postal_code": ("postal code", "postal codes"),
    "organization": ("organization", "organizations"),
    "link": ("link", "links"),
    "extension": ("unknown addition", "unknown additions"),
    "biometric": ("photo", "photos"),
    "file": ("file name", "file names"),
}


def reason_words(category: str, rule: str, mark: str) -> tuple[str, str]:
    """(bold words, rest) of one reason."""
    head, rest = _CATEGORY.get(category, ("Unknown element", "not on the list of what may leave"))
    match mark:
        case "likely":
            return f"Likely {head[0].lower()}{head[1:]}", _likely_because(rule)
        case "given_back":
            return "Given back by you", "not an identifier"
        case "hidden":
            return "Hidden by you", ""
    return head, _because(category, rule, rest)


def _because(category: str, rule: str, rest: str) -> str:
    known = rule.startswith("known.")
    if category == "name" and rule == "banner":
        return "of the patient"
    if category == "name" and known:
        return f"of someone{_KNOWN}"
    if category == "name" and rule == "name.propagated":
        return "met before in this text"
    if known and category not in ("date", "birth_date"):
        return f"{rest}{_KNOWN}".strip()
    return rest


def _likely_because(rule: str) -> str:
    if rule == "word.unknown":
        return "capitalized and in no medical vocabulary"
    if rule == "word.capital":
        return "a plain word, capitalized inside a sentence"
    return "it stands where names stand"


def counted(words: Mapping[str, int], *, most: int = 5) -> str:
    """`9 names, 3 phones`: the largest groups of a count, the rest as one number."""
    ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{count} {_plural(category, count)}" for category, count in ranked[:most]]
    rest = sum(count for _, count in ranked[most:])
    return ", ".join([*shown, f"{rest} other"] if rest else shown)


def _plural(category: str, count: int) -> str:
    one, many = _NOUNS.get(category, ("other element", "other elements"))
    return one if count == 1 else many
