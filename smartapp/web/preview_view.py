"""The preview page's content from a revision: pairs, marks, numbered reasons, receipt. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deid import policy
from deid.preview import NOT_IDENTIFIERS
from smartapp.gateway.choices import place_key
from smartapp.store.revisions import Revision
from smartapp.web.care_view import CareView, care
from smartapp.web.outgoing import Outgoing, read_outgoing
from smartapp.web.reasons import WHY, counted, reason_words
from smartapp.web.words import fingerprint

# Text this short and unchanged needs no pair of its own: its resource's line shows it.
_SHORT = 160

_TITLES: Mapping[str, str] = {
    "texts.question": "Your question",
    "texts.thinking": "Your thinking",
    "texts.reply": "Your reply",
    "Condition": "Problem",
    "AllergyIntolerance": "Allergy",
    "MedicationRequest": "Medication",
    "MedicationStatement": "Medication",
    "Observation": "Result",
    "DiagnosticReport": "Report",
    "DocumentReference": "Note",
    "Procedure": "Procedure",
    "Encounter": "Visit",
    "ImagingStudy": "Imaging",
    "Immunization": "Immunization",
    "FamilyMemberHistory": "Family history",
    "ServiceRequest": "Order",
}

_NAMED = frozenset({"DocumentReference", "DiagnosticReport"})  # whose name tells more than "Note 2"

_BANNER = (
    ("name", "removed", "name"),
    ("born", "general", "birth_date"),
    ("record", "removed", "record_number"),
)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text under one mark."""

    text: str = field(repr=False)
    mark: str
    number: int | None


@dataclass(frozen=True, kw_only=True)
class ReasonLine:
    """One numbered reason."""

    number: int
    head: str
    rest: str
    likely: bool


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Original and outgoing text with the reasons under them."""

    title: str
    original: tuple[tuple[Piece, ...], ...] = field(repr=False)
    outgoing: tuple[tuple[Piece, ...], ...] = field(repr=False)
    reasons: tuple[ReasonLine, ...]


@dataclass(frozen=True, kw_only=True)
class PreviewView:
    """Everything the template draws."""

    searched: int
    counts: Mapping[str, int]
    words: Sequence[Mapping[str, Any]] = field(repr=False)
    patient: Pair | None = field(repr=False)
    pairs: tuple[Pair, ...] = field(repr=False)
    labels: tuple[Pair, ...] = field(repr=False)
    outgoing: Outgoing = field(repr=False)
    dropped: tuple[tuple[str, str, str, int], ...]
    refused: tuple[str, ...]
    removed_words: str
    general_words: str
    policy: str
    risk: str
    fingerprint: str
    size: str
    section_counts: str
    incomplete: tuple[str, ...]
    pictures: Mapping[str, int]
    """sent, not_sent, boxes; empty when there is no picture."""
    hidden: tuple[str, ...] = field(repr=False)
    care: CareView = field(repr=False)


def view(
    revision: Revision,
    *,
    banner: Mapping[str, str] | None,
    hidden: Sequence[str],
    left_out: Mapping[str, str],
    reasons: Mapping[str, str],
) -> PreviewView:
    """Read a revision into what the page shows; the right side comes from its bytes."""
    shown = revision.preview
    outgoing = read_outgoing(revision.body)
    receipt = shown["receipt"]
    names = _names(outgoing)
    patient = _patient(banner, outgoing)
    # One number per reason on the whole page, counted from the top.
    shift = len(patient.reasons) if patient else 0
    return PreviewView(
        searched=int(revision.gate_searched),
        counts=shown["counts"],
        words=_word_rows(shown["likely"], reasons),
        patient=patient,
        pairs=_grouped(shown["pairs"], shift, names),
        labels=_grouped(shown["labels"], shift, names, every=True),
        outgoing=outgoing,
        dropped=tuple(
            (_element(element), *reason_words(category, "", "removed"), count)
            for element, category, count in shown["dropped"]
        ),
        refused=tuple(_element(part) for part in shown["refused"]),
        removed_words=counted(
            {
                category: count
                for category, count in receipt["removed"].items()
                if category not in NOT_IDENTIFIERS
            }
        ),
        general_words=counted(receipt["general"]),
        policy=f"{_policy(receipt['policy_id'])}, version {receipt['policy_version']}",
        risk=str(receipt["risk"]),
        fingerprint=fingerprint(revision.sha256),
        size=_size(outgoing.size),
        section_counts=", ".join(
            f"{section.title.lower()} {len(section.lines)}" for section in outgoing.sections
        ),
        incomplete=tuple(receipt["incomplete"]),
        pictures=receipt.get("pictures", {}),
        hidden=tuple(hidden),
        care=care(shown, left_out),
    )


def _word_rows(
    words: Sequence[Mapping[str, Any]], reasons: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """One group for one word; each place where it stands has a key and a button of its own."""
    rows: dict[str, dict[str, Any]] = {}
    for word in words:
        because = reason_words(word["category"], word["rule"], "likely")[1]
        row = rows.setdefault(
            word["token"], {"word": word["word"], "because": because, "open": False, "places": []}
        )
        key = place_key(word)
        row["places"].append({**word, "key": key, "why": WHY.get(reasons.get(key, ""), "")})
        row["open"] = row["open"] or not word["given_back"]
    return list(rows.values())


def _policy(policy_id: str) -> str:
    """What we say of content that left under a policy; a policy long gone says its name."""
    return policy.load(policy_id).title if policy_id in policy.POLICIES else policy_id


def _size(count: int) -> str:
    return f"{count / 1000:.0f} KB" if count >= 1000 else f"{count} bytes"


def _element(path: str) -> str:
    """`DocumentReference.content: no content` -> `Note, content: no content`."""
    head, _, rest = path.partition(".")
    return f"{_TITLES.get(head, head)}, {rest}" if rest else _TITLES.get(head, head)


def _title(title: str, entry: str | None) -> str:
    if title in _TITLES:
        return _TITLES[title]
    kind, _, number = (entry or title.split(".", 1)[0]).partition("/")
    named = _TITLES.get(kind, kind)
    return f"{named} {number}".strip()


def _names(outgoing: Outgoing) -> Mapping[str, str]:
    """Entry -> what it calls itself; of several with one name, which of them it is."""
    lines = [line for section in outgoing.sections for line in section.lines]
    called = [line.name for line in lines if line.entry.partition("/")[0] in _NAMED]
    names: dict[str, str] = {}
    met: dict[str, int] = {}
    for line in lines:
        if not line.name or line.entry.partition("/")[0] not in _NAMED:
            continue
        met[line.name] = met.get(line.name, 0) + 1
        of = called.count(line.name)
        names[line.entry] = line.name if of == 1 else f"{line.name} {met[line.name]} of {of}"
    return names


def _grouped(
    pairs: Sequence[Mapping[str, Any]],
    shift: int,
    names: Mapping[str, str],
    *,
    every: bool = False,
) -> tuple[Pair, ...]:
    """Pairs of one resource stand together; short unchanged texts are left to their line."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in pairs:
        length = sum(len(piece[0]) for piece in one["original"])
        if every or one["reasons"] or one["entry"] is None or length > _SHORT:
            title = names.get(one["entry"] or "") or _title(one["title"], one["entry"])
            groups.setdefault(title, []).append(one)
    return tuple(_pair(title, members, shift) for title, members in groups.items())


def _pair(title: str, members: Sequence[Mapping[str, Any]], shift: int) -> Pair:
    reasons: dict[int, ReasonLine] = {}
    for one in members:
        for number, mark, category, rule in one["reasons"]:
            head, rest = reason_words(category, rule, mark)
            reasons[number] = ReasonLine(
                number=number + shift, head=head, rest=rest, likely=mark == "likely"
            )
    return Pair(
        title=title,
        original=tuple(_pieces(one["original"], shift) for one in members),
        outgoing=tuple(_pieces(one["outgoing"], shift) for one in members),
        reasons=tuple(reasons[number] for number in sorted(reasons)),
    )


def _pieces(raw: Sequence[Sequence[Any]], shift: int) -> tuple[Piece, ...]:
    return tuple(
        Piece(text=text, mark=mark, number=None if number is None else number + shift)
        for text, mark, number in raw
    )


def _patient(banner: Mapping[str, str] | None, outgoing: Outgoing) -> Pair | None:
    """The patient's own data: on the left who it is, on the right the little that leaves."""
    if not banner or not outgoing.patient:
        return None
    original: list[Piece] = []
    reasons: list[ReasonLine] = []
    for key, mark, category in _BANNER:
        if not banner.get(key):
            continue
        number = len(reasons) + 1
        original += [
            Piece(text=banner[key], mark=mark, number=number),
            Piece(text=". ", mark="plain", number=None),
        ]
        head, rest = reason_words(category, "banner" if key == "name" else "", mark)
        reasons.append(ReasonLine(number=number, head=head, rest=rest, likely=False))
    right = Piece(text=patient_words(outgoing.patient), mark="plain", number=None)
    return Pair(
        title="Patient",
        original=(tuple(original),),
        outgoing=((right,),),
        reasons=tuple(reasons),
    )


def patient_words(leaves: Sequence[str]) -> str:
    """The outgoing Patient as a sentence; every leaf of it is in there."""
    left = list(leaves)
    said: list[str] = []
    for sex in ("female", "male", "other", "unknown"):
        if sex in left:
            left.remove(sex)
            said.append(sex.capitalize())
    for leaf in list(left):
        label = _label(leaf)
        if label:
            left.remove(leaf)
            said.append(f"{label} {leaf}")
    return ". ".join([*said, ", ".join(left)]).strip(". ") + "."


def _label(leaf: str) -> str:
    """What a bare leaf of the Patient stands for; empty when it speaks for itself."""
    if len(leaf) == len("2026") and leaf.isdecimal():
        return "Born"
    if leaf in ("F", "M"):
        return "Sex at birth"
    return "Language" if leaf.islower() and len(leaf) in (2, 3) else ""
