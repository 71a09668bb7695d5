"""De-identifies one chart as if all of it were sent now, and says what happened, in counts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from confer.deidentify import chart as charts
from confer.deidentify import outgoing, rule_places, side_by_side
from confer.deidentify.chart import Chart
from confer.deidentify.outcome import Change, Hit, Outcome, Removal, Wishes
from confer.deidentify.reading import ChartSource
from confer.errors import DeidProcessLost
from deid import pipeline, policy
from deid.errors import CaseHeld
from deid.pipeline import CaseInput, Prepared
from deid.policy import Policy
from deid.preview import NOT_IDENTIFIERS, Preview, PreviewPair
from runtime import logs
from runtime.errors import code_of, kind_of


def of_source(source: ChartSource, wishes: Wishes) -> Outcome:
    """Return what became of a source; whatever goes wrong with it is in the outcome."""
    try:
        return of_chart(charts.of_source(source), wishes, file=source.file, line=source.line)
    except Exception as problem:  # noqa: BLE001 - one chart must not stop the others; it is held
        return failed(problem, wishes, file=source.file, line=source.line)


def failed(problem: Exception, wishes: Wishes, *, file: str, line: int) -> Outcome:
    """Return the outcome of a chart that could not be done; foreign words are not passed on."""
    kind = kind_of(problem)
    return Outcome(
        file=file,
        line=line,
        policy=wishes.policy_id,
        state="failed",
        problem=str(problem) if kind != "bug" else f"a bug, at {logs.place_of(problem)}",
        code=code_of(problem),
        kind=kind,
    )


def lost(source: ChartSource, wishes: Wishes) -> Outcome:
    """Return the outcome of a chart whose process died."""
    return failed(DeidProcessLost(), wishes, file=source.file, line=source.line)


def prepare(chart: Chart, wishes: Wishes, rules: Policy) -> tuple[Prepared, tuple[str, ...]]:
    """De-identify a chart; what needs a consent that nobody gave is left out, and named."""
    prepared = pipeline.deidentify(case_of(chart, wishes), rules)
    report = prepared.preview.sensitive
    missing = tuple(sorted(set(report.consent if report else ()) - wishes.consent))
    if missing:
        left_out = frozenset(f"sensitive:{category}" for category in missing)
        again = replace(case_of(chart, wishes), left_out=left_out)
        prepared = pipeline.deidentify(again, rules)
    return prepared, missing


def case_of(chart: Chart, wishes: Wishes) -> CaseInput:
    """Return the input of `deid` for a chart, all of it as if it were sent now."""
    return CaseInput(
        case_id=wishes.key.case_id(chart.content),
        case_key=wishes.key.case_key(chart.content),
        question_time=wishes.question_time,
        resources=chart.resources,
        identity_resources=chart.naming,
        texts={},
    )


def of_chart(chart: Chart, wishes: Wishes, *, file: str, line: int = 0) -> Outcome:
    """De-identify a chart. Raises what `deid` raises, but for a case that its gate holds."""
    rules = policy.load(wishes.policy_id)
    named = f"{rules.id} {rules.version}"
    try:
        prepared, no_consent = prepare(chart, wishes, rules)
    except CaseHeld as held:
        hits = tuple(Hit(expression=e, category=c, rule=r) for e, c, r in held.hits)
        stopped = Outcome(
            file=file,
            line=line,
            policy=named,
            rules_sha256=rules.rules_sha256,
            state="held",
            problem=str(held),
            code=held.code,
            kind=held.kind,
            resources_read=len(chart.resources),
            left_out=chart.left_out,
            hits=hits,
        )
        return side_by_side.with_report(stopped, chart, None, wishes)
    receipt, preview = prepared.sealed.receipt, prepared.preview
    identifiers, others = _split(receipt.removed)
    body = outgoing.bundle(prepared.sealed)
    done = Outcome(
        file=file,
        line=line,
        policy=named,
        rules_sha256=rules.rules_sha256,
        resources_read=len(chart.resources),
        resources_sent=len(prepared.sealed.entries),
        left_out=chart.left_out,
        removed=identifiers,
        not_sent=others,
        general=dict(receipt.general),
        rules=dict(receipt.rules),
        likely=preview.counts["likely"],
        refused=dict(sorted(Counter(receipt.refused).items())),
        risk=receipt.risk_level,
        people=preview.risk.people if preview.risk else 0,
        no_consent=no_consent,
        searched=receipt.gate_searched,
        skipped=receipt.gate_skipped,
        receipt=outgoing.receipt(prepared.sealed, body),
        removals=tuple(removals(prepared, wishes.policy_id)) if wishes.explain else (),
        changes=tuple(changes(preview)) if wishes.show_phi else (),
        outgoing=body if wishes.outgoing else b"",
    )
    return side_by_side.with_report(done, chart, prepared, wishes)


def removals(prepared: Prepared, policy_id: str) -> Iterator[Removal]:
    """Yield every element that is not sent and every change in a text, with its rule."""
    places = rule_places.of_policy(policy_id)
    for dropped in prepared.preview.dropped:
        yield Removal(
            where=dropped.element,
            change="not sent",
            category=dropped.category,
            rule=places.of(dropped.element),
            count=dropped.count,
        )
    for pair in (*prepared.preview.pairs, *prepared.preview.labels):
        yield from _in_text(pair)


def _in_text(pair: PreviewPair) -> Iterator[Removal]:
    reasons = {reason.number: reason for reason in pair.reasons}
    line = column = 1
    for piece in pair.original:
        reason = reasons.get(piece.number or 0)
        if reason is not None:
            yield Removal(
                where=where_of(pair),
                change=side_by_side.CHANGES[reason.mark],
                category=reason.category,
                rule=rule_places.of_recognizer(reason.rule),
                line=line,
                columns=(column, column + len(piece.text)),
            )
        line += piece.text.count("\n")
        last = piece.text.rpartition("\n")
        column = len(last[2]) + 1 if last[1] else column + len(piece.text)


def where_of(pair: PreviewPair) -> str:
    """Return where a text stands: in which outgoing resource, at which element."""
    return f"{pair.entry} {pair.title}" if pair.entry else pair.title


def changes(preview: Preview) -> Iterator[Change]:
    """Yield every change in a text with its words. PHI."""
    for pair in (*preview.pairs, *preview.labels):
        rules = {reason.number: reason.rule for reason in pair.reasons}
        before = [piece for piece in pair.original if piece.number is not None]
        after = [piece for piece in pair.outgoing if piece.number is not None]
        for old, new in zip(before, after, strict=True):
            yield Change(
                where=pair.title,
                before=old.text,
                after=new.text,
                rule=rules.get(old.number or 0, ""),
            )


def _split(removed: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    identifiers = {why: n for why, n in removed.items() if why not in NOT_IDENTIFIERS}
    return identifiers, {why: n for why, n in removed.items() if why in NOT_IDENTIFIERS}
