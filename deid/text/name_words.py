"""Which words can be part of a person's name, and where a written name ends."""

import re

from deid import lexicon
from deid.lexicon import word_set
from deid.text.tokens import TextView, Token

PARTICLES = word_set(
    """
    de la del della der den di da do dos van von ter bin ibn al el st mac
    """
)
SUFFIXES = word_set("ii iii iv jr sr jnr snr")
#: follow a name without being part of it, or stand where a name could: never a name themselves
NEVER = word_set(
    """
    md do rn np pa pac phd pharmd rph dds dmd mbbs frcp frcs facs facc facp msw lcsw crna lpn cna
    dpm dpt bsn msn fnp aprn wocn mrcp mph esq dr drs mr mrs ms miss mx prof mrn dob ssn npi dea
    nhs gmc lic fax tel phone pager pgr bleep ext email date time unit room rm bed ward clinic
    hospital age sex male female patient pt pts name attending attg resident fellow consultant
    surgeon pcp gp np ed er icu or the a an and or but with without for from to at in on by of as
    is was are were be been has have had would can could might must should do does did
    not no yes this that these those there here he she it they we you i his her their our my your
    its him them us me who whom which what when where why how all any some each every if then than
    so re cc per via also after before during until since please thank thanks dear sincerely
    regards signed reviewed dictated office team staff service today tomorrow yesterday tonight am
    pm now aware notified
    """
)
#: surnames that more often go on with the sentence: "dr pearl will see"
_AFTER_A_NAME = word_set(
    """
    will may can might must has had see saw says said call last next still back home post day left
    right on in at well went came gave felt held kept left met read ran sat set told took wrote
    """
)
#: what is said of the one just named: "Della is stable", "Della's wound", "Della, 67, fell"
_SAID_OF = re.compile(
    r"'s\b|\s{1,2}(?:is|was|has|had|will|can|could|may|might|should|would|must|does|did|remains?|"
    r"remained|reports?|reported|denie[sd]|feels|felt|came|comes|presents?|presented|continue[sd]|"
    r"needs|needed|takes|took|tolerated|attended|underwent|complain(?:s|ed)|lives|returned|seems|"
    r"state[sd]?|tells|told|says|said|fell|got|went|looks|appears|requires|required|now|"
    r"developed|started|stopped|also|still|never|weighs|uses|wants|asked|asks|called|gets)\b"
    r"|, (?:an? )?\d{1,3}\b"
)
_INITIAL_STOP = frozenset(".,;: )\n\t|\"'")


def is_name_word(view: TextView, token: Token, *, trusted: bool) -> bool:
    """Return whether ``token`` may be (part of) a name here.

    Args:
        view: the text.
        token: the word in question.
        trusted: a title or label announces a name, so vocabulary words are accepted too.
    """
    word = token.lower
    if word in NEVER or view.touches_digit(token):
        return False
    if view.style == "lower":
        known = is_listed(word)
        return (
            (known or not lexicon.is_ordinary(word) or word in lexicon.words("eponyms"))
            if trusted
            else (known and word not in lexicon.vocabulary())
        )
    if not token.capitalized or len(word) == 1:
        return False
    if trusted and view.style == "mixed" and not token.shouting:
        return word not in lexicon.words("abbreviations") or is_listed(word)
    return is_listed(word) or not lexicon.is_ordinary(word)


def is_subject(view: TextView, end: int) -> bool:
    """Return whether something is said of the one whose name ends at ``end``."""
    return bool(_SAID_OF.match(view.lower, end))


def is_listed(word: str) -> bool:
    """Return whether the word (or a part of a double-barrelled one) is in the name lists."""
    return lexicon.is_name(word) or (
        "-" in word and any(lexicon.is_name(part) for part in word.split("-"))
    )


def read_name(view: TextView, position: int, *, trusted: bool) -> tuple[int, int] | None:
    """Return start and end of the name that begins at ``position``, if one does.

    Reads given names, initials, particles and surnames, also "Last, First".
    """
    index = view.index_at(position)
    tokens = view.tokens
    if index >= len(tokens) or not _can_begin(view, position, tokens[index]):
        return None
    start, end = tokens[index].start, 0
    words = 0
    while index < len(tokens) and words < 5:
        token = tokens[index]
        if end and not _joins(view.plain, end, token.start):
            break
        if _is_initial(view, token) or _is_particle(view, index):
            end = token.end if words or not _is_initial(view, token) else end
            if not words and _is_initial(view, token):
                end = token.end
        elif (
            is_name_word(view, token, trusted=trusted and not words and _begins(token, start))
            or (not words and trusted and _before_surname(view, index))
            or (words == 1 and trusted and _second_word(view, tokens[index - 1], token))
        ):
            end = token.end
            words += 1
        else:
            break
        index += 1
    if not words:
        return None
    end = _with_suffix(view, end, index)
    after_comma = _given_after_comma(view, end, index)
    end = after_comma or _with_dot(view.plain, end)
    return start, end


def _begins(token: Token, start: int) -> bool:
    """After an initial a plain word may begin the next sentence ("Dr. F. Echocardiogram was")."""
    return token.start == start or is_listed(token.lower)


def _can_begin(view: TextView, position: int, token: Token) -> bool:
    """Return whether a name can begin with ``token``, close behind ``position``."""
    if view.style != "lower" and not token.capitalized and token.lower not in PARTICLES:
        return False
    start = token.start
    return start - position <= 3 and not view.plain[position:start].strip(" \n\"'(,|")


def _joins(plain: str, end: int, start: int) -> bool:
    """Return whether two words can belong to one name across what stands between them."""
    gap = plain[end:start]
    if gap in (" ", "  "):
        return True
    if gap in (". ", "."):  # only after an initial or an abbreviated title
        return end < 2 or not plain[end - 2].isalnum()
    return False


def _before_surname(view: TextView, index: int) -> bool:
    """After a label a plain word is a first name when a certain surname follows ("JUN SATO")."""
    first, *following = view.tokens[index : index + 2]
    barred = first.lower in NEVER and first.lower not in lexicon.surnames()
    if not following or barred or view.plain[first.end : following[0].start] != " ":
        return False
    second = following[0]
    written = view.style == "lower" or (first.capitalized and second.capitalized)
    return written and is_listed(second.lower) and not lexicon.is_ordinary(second.lower)


def _second_word(view: TextView, first: Token, token: Token) -> bool:
    """After a cue and a first name even a plain word is the surname ("Dr. Drew Blood")."""
    if len(token.text) < 2 or token.lower in NEVER or view.touches_digit(token):
        return False
    if view.style != "mixed" or token.shouting:
        return (
            token.lower in lexicon.surnames()
            and is_listed(first.lower)
            and token.lower not in _AFTER_A_NAME
        )
    if not token.capitalized or token.lower in lexicon.words("abbreviations"):
        return False
    surname = token.lower in lexicon.surnames() or token.lower in lexicon.words("eponyms")
    return surname or first.lower in lexicon.given_names() or not lexicon.is_ordinary(first.lower)


def _is_initial(view: TextView, token: Token) -> bool:
    if len(token.text) != 1 or not (token.capitalized or view.style == "lower"):
        return False
    after = view.plain[token.end : token.end + 1]
    if view.style == "lower" and after != ".":
        return False
    return not after or after in _INITIAL_STOP


def _is_particle(view: TextView, index: int) -> bool:
    words = view.tokens
    if words[index].lower not in PARTICLES or index + 1 >= len(words):
        return False
    following = words[index + 1]
    return following.capitalized or following.lower in PARTICLES or view.style == "lower"


def _given_after_comma(view: TextView, end: int, index: int) -> int:
    """Return the end of ", First M" after a surname, or 0."""
    gap = re.match(r", ?(?!\s)", view.plain[end : end + 3])  # a new line begins something else
    if not gap or index >= len(view.tokens):
        return 0
    token = view.tokens[index]
    if token.start != end + gap.end() or token.lower in NEVER or len(token.text) < 2:
        return 0
    listed = token.lower in lexicon.given_names()
    if not (token.capitalized or (view.style == "lower" and listed)):
        return 0
    if not listed and lexicon.is_ordinary(token.lower):
        return 0
    last = token.end
    for extra in view.tokens[index + 1 : index + 3]:
        if not _joins(view.plain, last, extra.start):
            break
        if _is_initial(view, extra) or (
            extra.capitalized and extra.lower in lexicon.given_names() and extra.lower not in NEVER
        ):
            last = extra.end
        else:
            break
    return _with_dot(view.plain, last)


def _with_dot(plain: str, end: int) -> int:
    """Take the dot of a closing initial along ("Brown, J.")."""
    is_initial = end >= 2 and plain[end - 1].isupper() and not plain[end - 2].isalnum()
    return end + 1 if is_initial and plain[end : end + 1] == "." else end


def _with_suffix(view: TextView, end: int, index: int) -> int:
    """Take "III" and ", Jr." along."""
    if index < len(view.tokens) and view.tokens[index].lower in SUFFIXES:
        token = view.tokens[index]
        if token.capitalized and view.plain[end : token.start] in (" ", ", ", ","):
            return token.end
    return end


def names_before(view: TextView, position: int) -> tuple[int, int] | None:
    """Return the name that ends right before ``position`` ("Ada M. Byron, MD" before ", MD")."""
    index = view.index_at(position) - 1
    start, end, words = position, 0, 0
    while index >= 0 and words < 4:
        token = view.tokens[index]
        gap = view.plain[token.end : start]
        if gap not in (" ", "  ", "", ". ", ", ", ",", "-", ".") or (words and "," in gap):
            break
        if not words and token.lower in SUFFIXES:
            start, end = token.start, end or token.end
            index -= 1
            continue
        particle = words > 0 and token.lower in PARTICLES and not token.capitalized
        initial = words > 0 and _is_initial(view, token)
        if not (particle or initial or is_name_word(view, token, trusted=not words)):
            break
        start = token.start
        end = end or token.end
        words += 1
        index -= 1
    return (start, end) if words and end - start > 1 else None
