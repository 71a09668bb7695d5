"""Sets the original beside what leaves, for a privacy officer: every removal with its rule. PHI."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from confer.deidentify import leaves, report_page, rule_places
from confer.deidentify.chart import Chart, Resource
from confer.deidentify.outcome import Outcome, Wishes
from confer.deidentify.outgoing import plain
from confer.deidentify.rule_places import Place, RulePlaces
from deid import policy
from deid.pipeline import Prepared
from deid.preview import Mark, Piece, PreviewPair
from deid.review import SensitiveReport
from deid.risk.assess import RiskReport
from runtime import json_text

CHANGES: Final[Mapping[Mark, str]] = {
    "plain": "as it is",
    "removed": "removed",
    "general": "made general",
    "likely": "removed, only likely",
    "given_back": "given back",
    "hidden": "hidden by the doctor",
}
MAX_FULL: Final = 400
"""With more resources than this, elements that leave unchanged are counted and not listed."""
_BY_TYPE: Final = "This type is never sent"
_MAX_VALUES: Final = 12
_MAX_MERGED: Final = 60


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value of an element, and whether the other side has it, too."""

    text: str = field(repr=False)
    same: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One element of a resource on both sides; positions in lists are left out."""

    element: str
    change: str
    original: tuple[Value, ...]
    outgoing: tuple[Value, ...]
    more: int
    rule: Place | None


@dataclass(frozen=True, kw_only=True)
class ResourceView:
    """A resource of the chart, what leaves of it, and why the rest does not."""

    title: str
    goes_to: str
    reason: str
    rows: tuple[Row, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Why:
    """A numbered reason under a text."""

    number: int
    change: str
    mark: Mark
    category: str
    rule: Place


@dataclass(frozen=True, kw_only=True)
class TextView:
    """A text on both sides, cut at every change."""

    title: str
    entry: str
    original: tuple[Piece, ...]
    outgoing: tuple[Piece, ...]
    reasons: tuple[Why, ...]


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Both sides of a whole chart."""

    texts: tuple[TextView, ...] = ()
    resources: tuple[ResourceView, ...] = ()
    complete: bool = True
    risk: RiskReport | None = None
    sensitive: SensitiveReport | None = None


def with_report(done: Outcome, chart: Chart, prepared: Prepared | None, wishes: Wishes) -> Outcome:
    """Return the outcome with its report, when one is wished for."""
    if not wishes.report:
        return done
    sides = both_sides(chart, prepared, wishes.policy_id) if prepared else SideBySide()
    if wishes.report == "html":
        return replace(done, report=report_page.render(done, sides))
    return replace(done, report=as_json(done, sides))


def as_json(done: Outcome, sides: SideBySide) -> bytes:
    """Return the report as JSON, the warning first."""
    told = {"warning": report_page.WARNING, **done.as_json(), **plain(sides)}
    return json_text.dumps(told) + b"\n"


def both_sides(chart: Chart, prepared: Prepared, policy_id: str) -> SideBySide:
    """Return both sides of a chart that passed."""
    places = rule_places.of_policy(policy_id)
    why_gone = _why_gone(prepared, policy_id)
    left = {f"{e.resource_type}/{e.n}": e.resource for e in prepared.sealed.entries}
    full = len(chart.resources) <= MAX_FULL
    views = []
    for position, resource in enumerate(chart.resources):
        goes_to = prepared.sources.get(position, "")
        out = left.pop(goes_to, None)
        views.append(_view(position, resource, (goes_to, out), places, why_gone, full=full))
    for added, out in left.items():
        rows = tuple(_rows({}, out, places, full=full))
        views.append(
            ResourceView(
                title="Not in the chart",
                goes_to=added,
                reason="made from the Patient: an age instead of a date of birth",
                rows=rows,
                counts=Counter(row.change for row in rows),
            )
        )
    pairs = (*prepared.preview.pairs, *prepared.preview.labels)
    return SideBySide(
        texts=tuple(text_view(pair) for pair in pairs),
        resources=tuple(views),
        complete=full,
        risk=prepared.preview.risk,
        sensitive=prepared.preview.sensitive,
    )


def text_view(pair: PreviewPair) -> TextView:
    """Return one text with the places of its rules."""
    return TextView(
        title=pair.title,
        entry=pair.entry or "",
        original=pair.original,
        outgoing=pair.outgoing,
        reasons=tuple(
            Why(
                number=reason.number,
                change=CHANGES[reason.mark],
                mark=reason.mark,
                category=reason.category,
                rule=rule_places.of_recognizer(reason.rule),
            )
            for reason in pair.reasons
        ),
    )


def _view(
    position: int,
    resource: Resource,
    gone: tuple[str, Resource | None],
    places: RulePlaces,
    why_gone: Callable[[int, Resource], str],
    *,
    full: bool,
) -> ResourceView:
    kind = str(resource.get("resourceType", "(no type)"))
    goes_to, out = gone
    reason = ""
    if out is None:
        why = why_gone(position, resource)
        reason = f"{why}: {places.of(kind)}" if why == _BY_TYPE else why
    rows = tuple(_merged(_rows(resource, out or {}, places, full=full)))
    return ResourceView(
        title=f"{kind}, entry {position + 1} of the chart",
        goes_to=goes_to if out is not None else "",
        reason=reason,
        rows=rows if full or out is not None else (),
        counts=Counter(row.change for row in rows),
    )


def _why_gone(prepared: Prepared, policy_id: str) -> Callable[[int, Resource], str]:
    types = policy.load(policy_id).types
    report = prepared.preview.sensitive
    sensitive: dict[int | None, str] = {}
    if report is not None:
        for item in (*report.items, *report.left_out):
            sensitive[item.position] = report.titles.get(item.category, item.category)

    def why(position: int, resource: Resource) -> str:
        if resource.get("resourceType") in types.withheld:
            return _BY_TYPE
        if types.why_withheld(resource) is not None:
            return "What this code records about the person is never sent"
        if position in sensitive:
            return f"Sensitive content that stays: {sensitive[position]}"
        return "Refused, see the list of refusals"

    return why


def _rows(
    original: Resource, outgoing: Resource, places: RulePlaces, *, full: bool
) -> Iterator[Row]:
    kind = str((original or outgoing).get("resourceType", ""))
    before, after = leaves.by_element(original), leaves.by_element(outgoing)
    for element in dict.fromkeys((*before, *after)):
        old, new = before.get(element, []), after.get(element, [])
        change = _change(old, new)
        if change == "as it is" and not full:
            continue
        yield Row(
            element=element,
            change=change,
            original=_values(old, new),
            outgoing=_values(new, old),
            more=max(0, len(old) - _MAX_VALUES, len(new) - _MAX_VALUES),
            rule=None if change == "as it is" else places.of(f"{kind}.{element}"),
        )


def _merged(rows: Iterator[Row]) -> Iterator[Row]:
    """Put neighbors that one rule left behind into one row: an address, an identifier."""
    waiting: list[Row] = []
    for row in rows:
        if waiting and not _alike(waiting[0], row):
            yield _one_row(waiting)
            waiting = []
        waiting.append(row)
    if waiting:
        yield _one_row(waiting)


def _alike(first: Row, second: Row) -> bool:
    heads = [row.element.partition(".")[0] for row in (first, second)]
    return (
        first.change == second.change == "not sent"
        and first.rule == second.rule
        and heads[0] == heads[1]
    )


def _one_row(rows: Sequence[Row]) -> Row:
    first = rows[0]
    if len(rows) == 1:
        return first
    head = first.element.partition(".")[0]
    values = [
        replace(value, text=f"{row.element[len(head) + 1 :] or head}: {value.text}")
        for row in rows
        for value in row.original
    ]
    hidden = sum(row.more for row in rows) + max(0, len(values) - _MAX_MERGED)
    return replace(first, element=head, original=tuple(values[:_MAX_MERGED]), more=hidden)


def _change(old: Sequence[str], new: Sequence[str]) -> str:
    if not new:
        return "not sent"
    if not old:
        return "added"
    if Counter(old) == Counter(new):
        return "as it is"
    return "changed" if set(old).isdisjoint(new) else "partly sent"


def _values(own: Sequence[str], others: Sequence[str]) -> tuple[Value, ...]:
    there = Counter(others)
    values = []
    for text in own[:_MAX_VALUES]:
        same = there[text] > 0
        there[text] -= 1
        values.append(Value(text=text, same=same))
    return tuple(values)
