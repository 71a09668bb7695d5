"""Actions on codes, their labels and units."""

from typing import Any, Final

from deid.structured.paths import Path
from deid.structured.rules import ABSENT
from deid.structured.run import Run

MAX_LABEL: Final = 1000
_CODING: Final = frozenset({"system", "code", "display", "userSelected", "version", "id"})
_CONCEPT: Final = frozenset({"coding", "text", "id"})
_PLAIN_CODING: Final = frozenset({"system", "code", "display"})
_PLAIN_CONCEPT: Final = frozenset({"coding", "text"})
_WORDS: Final = frozenset({str, type(None)})


def coding(value: Any, path: Path, run: Run) -> Any:
    """Keep system and code of a public code system; of a local one only the label.

    The name we hold for a code replaces the one in the chart; any other label is read by the
    text engine. A code of a local system may be a record number or a typed name, so it never
    leaves.
    """
    if type(value) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    system, code, label = value.get("system"), value.get("code"), value.get("display")
    _count_others(value, _CODING, path, run)
    return _coding(value, system, code, label, path, run) or ABSENT


def _coding(
    value: dict[str, Any], system: Any, code: Any, label: Any, path: Path, run: Run
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    known = run.codes.systems.get(system) if isinstance(system, str) else None
    if known is not None and isinstance(code, str) and known.admits(code):
        out["system"], out["code"] = system, code
        ours = known.name_for(code, label)
        if ours is not None:
            out["display"] = ours
            return out
    elif code is not None or system is not None:
        run.drop("local_code", path)
    if isinstance(label, str) and 0 < len(label) <= MAX_LABEL:
        out["display"] = run.label(label, (path, "display"))
    if value.get("userSelected") is True and "code" in out:
        out["userSelected"] = True
    return out


def concept(value: Any, path: Path, run: Run) -> Any:
    """Keep the codings of a concept that may leave, and its text as the engine cleans it."""
    if type(value) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    key = _repeated(value)
    if key is None:
        return _concept(value, path, run)
    known = run.concepts.get(key)
    if known is not None:
        return known
    counted = run.removed.total()
    out = _concept(value, path, run)
    if out is not ABSENT and run.removed.total() == counted:
        run.concepts[key] = out
    return out


def _repeated(value: dict[str, Any]) -> tuple[object, ...] | None:
    """Return all that a plain concept says, to know it again; None when it says more."""
    codings, text = value.get("coding"), value.get("text")
    if type(codings) is not list or len(codings) != 1 or type(codings[0]) is not dict:
        return None
    coding = codings[0]
    said = (coding.get("system"), coding.get("code"), coding.get("display"), text)
    if set(map(type, said)) - _WORDS or (text is not None and len(text) > MAX_LABEL):
        return None
    # Nothing else may be there: what is counted each time must be walked each time.
    plain = coding.keys() <= _PLAIN_CODING and value.keys() <= _PLAIN_CONCEPT
    return said if plain else None


def _concept(value: dict[str, Any], path: Path, run: Run) -> Any:
    _count_others(value, _CONCEPT, path, run)
    given = value.get("coding")
    listed = given if type(given) is list else []
    clean = [coding(each, ((path, "coding"), n), run) for n, each in enumerate(listed)]
    pairs = [(old, new) for old, new in zip(listed, clean, strict=True) if new is not ABSENT]
    coded = [(old, new) for old, new in pairs if "code" in new]
    out: dict[str, Any] = {}
    if coded:
        out["coding"] = [new for _, new in coded]
    text = value.get("text")
    if isinstance(text, str) and text:
        said = [new.get("display") for _, new in coded]
        if text not in said:
            read = run.label if len(text) <= MAX_LABEL else run.text
            clean_text = read(text, (path, "text"))
            if clean_text not in said:
                out["text"] = clean_text
    elif not isinstance(text, str) and not coded and pairs:
        # All that a local code may say is its label, and a label alone belongs in the text.
        out["text"] = pairs[0][1]["display"]
    return out or ABSENT


def _count_others(value: dict[str, Any], known: frozenset[str], path: Path, run: Run) -> None:
    """Count what stands beside the parts of a code: none of it leaves."""
    for name in value.keys() - known:
        if name in ("extension", "modifierExtension") or name.startswith("_"):
            run.drop("extension", (path, "extension"))
        else:
            run.drop_unknown("unknown_element", path)


def ucum_system(value: Any, path: Path, run: Run) -> Any:
    """Keep the system of UCUM; no other system of units leaves."""
    if value in run.codes.ucum_systems:
        return run.codes.ucum_system
    run.drop("local_code", path)
    return ABSENT


def ucum(value: Any, path: Path, run: Run) -> Any:
    """Keep a unit code when it is written as UCUM writes them."""
    if isinstance(value, str) and (
        value in run.codes.unit_words or run.codes.ucum_pattern.fullmatch(value)
    ):
        return value
    run.drop("local_code", path)
    return ABSENT


def unit(value: Any, path: Path, run: Run) -> Any:
    """Keep a known unit as it is and any other as the text engine cleans it."""
    if isinstance(value, str) and value in run.codes.unit_words:
        return value
    if isinstance(value, str) and 0 < len(value) <= MAX_LABEL:
        return run.label(value, path)
    run.drop("wrong_type", path)
    return ABSENT
