"""confer deid --report and --explain: both sides, every removal with its rule and its line."""

import json
import re
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from confer.deidentify import rule_places
from deid import policy
from tests.support import deid_files
from tests.support.deid_files import chart, held, write
from tests.unit.confer.conftest import Run

ROOT = Path(__file__).resolve().parents[3]
CANARY = ROOT / "fixtures" / "personas" / "canary" / "chart.json"


class _Page(HTMLParser):
    """What a report shows, and whatever would make a browser ask the outside."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.outside: list[str] = []
        self.tags: set[str] = set()
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            link = name in ("src", "href", "srcset", "action", "data", "poster")
            if link and not (value or "").startswith("#"):
                self.outside.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def _report(run: Run, tmp_path: Path, source: Path, form: str) -> tuple[Path, str]:
    to = tmp_path / f"report.{form}"
    said = run("deid", source, "--report", form, "--report-to", to)
    assert "WARNING: This report holds the patient's identity" in said.stderr
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    return to, to.read_text(encoding="utf-8")


def test_the_page_stands_alone_and_shows_both_sides(run: Run, tmp_path: Path) -> None:
    _, body = _report(run, tmp_path, write(tmp_path / "in.json", chart()), "html")
    page = _Page(body)
    assert page.outside == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form"}
    assert "url(" not in body
    assert "default-src 'none'" in body
    for word in (*deid_files.SECRETS, "It must not leave the hospital", "Found: 0."):
        assert word in page.text
    assert "[patient]" in page.text
    assert re.search(r"Rule known\.name \(deid/known_\w+\.py:\d+\)", page.text)
    assert re.search(r"rule drop:name \(deid/rules/base\.toml:\d+\)", page.text)


def test_words_of_the_chart_cannot_become_markup(run: Run, tmp_path: Path) -> None:
    odd = chart()
    odd["entry"][1]["resource"]["note"][0]["text"] = "</p><script>alert(1)</script> calm"
    odd["entry"][0]["resource"]["name"][0]["family"] = "<img src=x>"
    _, body = _report(run, tmp_path, write(tmp_path / "in.json", odd), "html")
    assert not _Page(body).tags & {"script", "img"}


def test_the_json_report_has_a_rule_and_a_line_for_everything_that_does_not_leave(
    run: Run, tmp_path: Path
) -> None:
    _, body = _report(run, tmp_path, CANARY, "json")
    told: dict[str, Any] = json.loads(body)
    assert next(iter(told)) == "warning"
    rows = [
        row for each in told["resources"] for row in each["rows"] if row["change"] != "as it is"
    ]
    reasons = [why for text in told["texts"] for why in text["reasons"]]
    assert len(rows) > 50
    assert len(reasons) > 5
    for each in (*rows, *reasons):
        assert each["rule"]["rule"], each.get("element")
        assert each["rule"]["file"].startswith("deid/")
    assert [row["element"] for row in rows if not row["rule"]["line"]] == []


def test_every_removed_word_of_a_text_is_marked_on_both_sides(run: Run, tmp_path: Path) -> None:
    _, body = _report(run, tmp_path, write(tmp_path / "in.json", chart()), "json")
    for text in json.loads(body)["texts"]:
        marked = [
            [piece["number"] for piece in text[side] if piece["number"]]
            for side in ("original", "outgoing")
        ]
        assert marked[0] == marked[1]
        plain = "".join(p["text"] for p in text["original"] if not p["number"])
        assert not any(word in plain for word in deid_files.SECRETS)


def test_a_held_chart_gets_a_report_that_names_the_places(run: Run, tmp_path: Path) -> None:
    _, body = _report(run, tmp_path, write(tmp_path / "in.json", held()), "html")
    text = _Page(body).text
    assert "Held: something is left" in text
    assert "Condition/1.note[0].text" in text
    assert "arrowby" not in text


def test_several_charts_get_a_page_each_and_a_list(run: Run, tmp_path: Path) -> None:
    source, to = write(tmp_path / "in.ndjson", chart(), held()), tmp_path / "reports"
    run("deid", source, "--report", "html", "--report-to", to, "--jobs", "1")
    assert sorted(each.name for each in to.iterdir()) == ["0001.html", "0002.html", "index.html"]
    assert stat.S_IMODE(to.stat().st_mode) == 0o700
    page = _Page((to / "index.html").read_text(encoding="utf-8"))
    assert page.outside == ["a href", "a href"]
    assert "1 passed" in page.text
    assert "1 held" in page.text


def test_a_report_is_not_written_where_what_leaves_is(run: Run, tmp_path: Path) -> None:
    same = tmp_path / "same"
    options = ("--report", "html", "--report-to", same, "--out", same)
    said = run("deid", write(tmp_path / "in.json", chart()), *options)
    assert said.exit_code == 2
    assert not same.exists()


@pytest.mark.parametrize("inside", ["out/reports", "out/deep/reports", "out/../out/reports"])
def test_a_report_is_not_written_into_the_folder_that_leaves(
    run: Run, tmp_path: Path, inside: str
) -> None:
    (folder := tmp_path / "in").mkdir()
    write(folder / "a.json", chart())
    options = ("--report", "html", "--report-to", tmp_path / inside, "--out", tmp_path / "out")
    assert run("deid", folder, *options, "--jobs", "1").exit_code == 2
    assert not (tmp_path / "out").exists()


def test_explaining_names_for_each_removal_the_line_that_holds_its_rule(
    run: Run, tmp_path: Path
) -> None:
    said = run("deid", CANARY, "--explain")
    told = re.findall(r"rule (.+) \((deid/[\w/.-]+):(\d+)\)$", said.stdout, re.MULTILINE)
    assert len(told) > 40
    for rule, file, line in told:
        written = (ROOT / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        if file.endswith(".toml"):
            sought = rule.removeprefix("never sent: ")
            whole = {"not in the allow list", "extensions are listed by URL"} & {rule}
            assert whole or sought in written, (rule, file, line)
        else:
            assert rule in written or rule.partition(".")[2] in written, (rule, file, line)
    persona = json.loads((CANARY.parent / "persona.json").read_text(encoding="utf-8"))
    printed = said.output.casefold()
    assert [word for word in persona["canary_words"] if word.casefold() in printed] == []


def test_a_removal_in_a_text_says_in_which_line_and_columns(run: Run, tmp_path: Path) -> None:
    two = chart()
    two["entry"][1]["resource"]["note"][0]["text"] = "Calm.\nSaw Adela at home."
    found = json.loads(run("deid", write(tmp_path / "in.json", two), "--explain", "--json").stdout)
    (name,) = [
        each for each in found["explain"] if each["where"] == "Condition/1 Condition.note.text"
    ]
    assert (name["line"], name["columns"]) == (2, [5, 10])
    assert name["category"] == "name"


@pytest.mark.parametrize("name", sorted(policy.POLICIES))
def test_every_line_of_a_policy_is_found_again_by_its_element(name: str) -> None:
    places = rule_places.of_policy(name)
    rules = places._rules
    checked = 0
    for kind, table in rules["types"].items():
        for element, rule in table.items():
            if element == "!" or not isinstance(rule, str):
                continue
            place = places.of(f"{kind}.{element}")
            source = (ROOT / place.file).read_text(encoding="utf-8").splitlines()
            assert place.rule == rule
            assert element in source[place.line - 1]
            assert rule in source[place.line - 1]
            checked += 1
    assert checked > 400
