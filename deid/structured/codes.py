"""Actions on codes, their labels and units."""

from typing import Any, Final

from deid.structured.paths import Path
from deid.structured.rules import ABSENT
from deid.structured.run import Run

MAX_LABEL: Final = 1000


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
    out: dict[str, Any] = {}
    known = run.codes.systems.get(system) if isinstance(system, str) else None
    if known is not None and isinstance(code, str) and known.admits(code):
        out["system"], out["code"] = system, code
        ours = known.names.get(code)
        if ours is not None:
            out["display"] = ours
            return out
    elif code is not None or system is not None:
        run.drop("local_code", path)
    if isinstance(label, str) and 0 < len(label) <= MAX_LABEL:
        out["display"] = run.label(label, (path, "display"))
    if value.get("userSelected") is True and "code" in out:
        out["userSelected"] = True
    return out or ABSENT


def concept(value: Any, path: Path, run: Run) -> Any:
    """Keep the codings of a concept that may leave, and its text as the engine cleans it."""
    if type(value) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    out: dict[str, Any] = {}
    codings = value.get("coding")
    if type(codings) is list:
        each = [coding(c, ((path, "coding"), n), run) for n, c in enumerate(codings)]
        out["coding"] = [c for c in each if c is not ABSENT]
    text = value.get("text")
    if isinstance(text, str) and text:
        read = run.label if len(text) <= MAX_LABEL else run.text
        clean = read(text, (path, "text"))
        # The same words twice tell nothing.
        if not any(c.get("display") == clean for c in out.get("coding", ()) if "code" in c):
            out["text"] = clean
    return _without_bare_labels(out) or ABSENT


def _without_bare_labels(out: dict[str, Any]) -> dict[str, Any]:
    """Turn codings that kept only a label into the text of the concept."""
    codings = out.pop("coding", [])
    coded = [each for each in codings if "code" in each]
    bare = [each["display"] for each in codings if "code" not in each]
    if coded:
        out["coding"] = coded
    if bare and "text" not in out:
        out["text"] = bare[0]
    return out


def ucum_system(value: Any, path: Path, run: Run) -> Any:
    """Keep the system of UCUM; no other system of units leaves."""
    if value in run.codes.ucum_systems:
        return run.codes.ucum_system
    run.drop("local_code", path)
    return ABSENT


def ucum(value: Any, path: Path, run: Run) -> Any:
    """Keep a unit code when it is written as UCUM writes them."""
    if isinstance(value, str) and run.codes.ucum_pattern.fullmatch(value):
        return value
    run.drop("local_code", path)
    return ABSENT


def unit(value: Any, path: Path, run: Run) -> Any:
    """Keep the words of a unit as the text engine cleans them."""
    if isinstance(value, str) and 0 < len(value) <= MAX_LABEL:
        return run.label(value, path)
    run.drop("wrong_type", path)
    return ABSENT
