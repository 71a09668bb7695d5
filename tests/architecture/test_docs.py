"""The documentation names what exists, and its generated pages say what the code says."""

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from confer.cli import cli
from runtime.settings_schema import SettingsSchema

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for page in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "deploy").rglob("*.md"),
        *(ROOT / "fixtures").rglob("README.md"),
    )
)
HAND_WRITTEN = [
    page
    for page in (*(ROOT / "docs").rglob("*.md"), ROOT / "deploy" / "README.md")
    if "decisions" not in page.parts or page.name == "README.md"
]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
# a file and what to read in it: `launch/app_launch.py`: `begin`, `finish`.
_FILE_AND_NAMES = re.compile(r"`([\w/]+\.py)`:((?:\s*`\w+`,?)+)")
_FOLDERS = (
    "confer", "smartapp", "consult", "sandbox", "fhir_server", "fhir_adapters", "launch",
    "exchange", "deid", "runtime", "docs", "deploy", "fixtures", "tests", "scripts",
)  # fmt: skip
# Scopes of SMART that look like files in a folder of ours.
_SCOPES = {"launch/patient", "launch/encounter"}
# Said to be missing; see docs/operate and docs/integrate.
_NOT_YET = {"confer db backup"}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _spans(page: Path) -> Iterator[str]:
    """Everything that a page shows as code: spans, and the lines of fences."""
    text = _text(page)
    for fence in _FENCE.findall(text):
        yield from (line.strip() for line in fence.split("\n") if line.strip())
    yield from _CODE.findall(_FENCE.sub("", text))


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout == "", "run scripts/docs"
    assert done.returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_relative_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    dead = []
    for link in _LINK.findall(_CODE.sub("", _FENCE.sub("", _text(page)))):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_named_on_a_page_exist(page: Path) -> None:
    named = {
        word.rstrip("/,.;:").partition("::")[0]
        for span in _spans(page)
        for word in span.split()
        if "/" in word and word.split("/")[0] in _FOLDERS
    }
    missing = [
        path
        for path in sorted(named - _SCOPES)
        if not any(mark in path for mark in ("*", "<", "{", "NNNN"))
        and not (ROOT / path).exists()
        and not (page.parent / path).exists()
    ]
    assert missing == []


def _commands(page: Path) -> Iterator[list[str]]:
    for span in _spans(page):
        shown = re.sub(r"^scripts/demo\b", "confer demo", span.partition("#")[0])
        for part in re.split(r"[|;]|&&", shown):
            found = re.search(r"(?:^|[ /])confer ([a-z][\w-]*\b.*)", part)
            if found and "[OPTIONS]" not in span and not span.startswith(("from ", "import ")):
                yield shlex.split(found[1])


def _parses(words: list[str]) -> bool:
    """Whether the command line knows these words; values may be left out on a page."""
    command: click.Command = cli
    context = click.Context(cli, info_name="confer")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return False
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    known = {option for each in command.get_params(context) for option in each.opts}
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    choices = [
        each.type.choices
        for each in command.params
        if isinstance(each, click.Argument) and isinstance(each.type, click.Choice)
    ]
    programs = [word for word in words if not word.startswith("-") and choices][:1]
    return used <= known and all(word in choices[0] for word in programs)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_on_a_page_are_known_to_the_command_line(page: Path) -> None:
    wrong = [
        " ".join(words)
        for words in _commands(page)
        if not any(f"confer {' '.join(words)}".startswith(gone) for gone in _NOT_YET)
        and not _parses(words)
    ]
    assert wrong == []


def test_a_command_that_does_not_exist_is_noticed() -> None:
    assert _parses(["db", "upgrade", "gateway", "--json"])
    assert not _parses(["frobnicate"])
    assert not _parses(["db", "upgrade", "ehr"])
    assert not _parses(["doctor", "--verbose"])


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_settings_named_on_a_page_exist(page: Path) -> None:
    known = {f"CONFER_{name.upper()}" for name in SettingsSchema().fields} | {"CONFER_CONFIG"}
    named = set(re.findall(r"CONFER_[A-Z_]*[A-Z]", _text(page)))
    assert {name for name in named if name.removesuffix("_FILE") not in known} - known == set()


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=_name)
def test_a_page_begins_with_whom_it_is_for_and_what_they_can_do_after_it(page: Path) -> None:
    title, start = _text(page).split("\n\n")[:2]
    assert title.startswith("# ")
    assert start.startswith("For ")
    if "decisions" not in page.parts:
        assert "fter this page" in start


def _defined(path: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(_text(path))) if isinstance(node, kinds)}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_functions_named_beside_a_file_are_in_it(page: Path) -> None:
    wrong = [
        f"{file}: {name}"
        for file, names in _FILE_AND_NAMES.findall(_text(page))
        for name in re.findall(r"\w+", names)
        if name not in _defined(ROOT / file)
    ]
    assert wrong == []


def test_the_tour_follows_the_case_in_order() -> None:
    text = _text(ROOT / "docs" / "tour.md")
    stops = (
        "sandbox/pages.py", "launch/blueprint.py", "launch/app_launch.py",
        "smartapp/gateway/pull_chart.py", "deid/pipeline.py", "smartapp/web/preview.py",
        "exchange/case_bundle.py", "smartapp/gateway/egress.py",
        "consult/service/receive_submission.py", "consult/service/offer_case.py",
        "consult/web/desk.py", "exchange/opinion_bundle.py", "smartapp/gateway/collect_answers.py",
        "smartapp/gateway/file_answer.py", "smartapp/gateway/acknowledge.py",
    )  # fmt: skip
    places = [text.find(f"`{stop}`") for stop in stops]
    assert -1 not in places
    assert places == sorted(places)
    assert len(_FILE_AND_NAMES.findall(text)) > len(stops)
