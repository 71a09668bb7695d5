"""What is offered for deploying agrees with itself and with the programs."""

import configparser
import re
import shlex
from pathlib import Path

import pytest

from confer.cli import cli
from confer.programs import PROGRAMS
from runtime import settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def _unit(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    return unit


def _command(path: Path) -> list[str]:
    program, *words = shlex.split(_unit(path)["Service"]["ExecStart"])
    assert program == "/opt/confer/bin/confer"
    return words


def test_each_program_has_one_unit_for_pages_and_one_for_work() -> None:
    started = sorted(tuple(_command(path)[:2]) for path in UNITS)
    assert started == sorted((verb, name) for verb in ("serve", "work") for name in PROGRAMS)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists_as_a_user_of_its_own(path: Path) -> None:
    words = _command(path)
    context = cli.make_context("confer", list(words))
    command = cli.get_command(context, words[0])
    assert command is not None
    parsed = command.make_context(words[0], words[1:], parent=context)
    assert parsed.params["program"] == words[1]
    service = _unit(path)["Service"]
    assert service["User"] == f"confer-{words[1]}"
    assert service["Environment"] == f"CONFER_CONFIG=/etc/confer/{words[1]}.toml"
    assert service["UMask"] == "0077"
    assert service["StateDirectory"] == service["User"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_settings_files_are_accepted_in_production_mode(program: str) -> None:
    chosen = settings.load(file=DEPLOY / f"{program}.toml")
    assert chosen.mode == "production"
    assert str(chosen.data_dir) == f"/var/lib/confer-{program}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_side_does_not_name_the_other_sides_database(program: str) -> None:
    other = {"gateway": "consult", "consult": "gateway"}[program]
    chosen = settings.load(file=DEPLOY / f"{program}.toml")
    assert "/nonexistent/" in getattr(chosen, f"{other}_database_url")
    assert str(getattr(chosen, f"{other}_keyring_file")).startswith("/nonexistent/")


def test_the_proxy_passes_to_the_ports_of_the_units_and_keeps_the_host() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    served = {
        word for path in UNITS for word in _command(path) if re.fullmatch(r"[\d.]+:\d+", word)
    }
    assert set(re.findall(r"proxy_pass http://([\d.:]+);", text)) == served
    assert text.count("proxy_set_header Host $host;") == text.count("proxy_pass")
    assert "add_header" not in text
    size = re.search(r"client_max_body_size (\d+)m;", text)
    assert size is not None
    assert int(size[1]) * 1024 * 1024 > settings.load().max_body_bytes
    for program in PROGRAMS:
        url = getattr(settings.load(file=DEPLOY / f"{program}.toml"), f"{program}_url")
        assert f"server_name {url.removeprefix('https://')};" in text
