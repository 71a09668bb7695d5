"""The Python that a page tells people to run does what the page says."""

import re
from pathlib import Path

import pytest

from runtime.database import open_database
from smartapp.store.launch_stores import Sites
from tests.unit.confer.conftest import Run

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("page", ["integrate/README.md", "operate/sites.md"])
def test_the_registration_of_an_ehr_as_the_page_shows_it(
    run: Run, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setenv("CONFER_GATEWAY_URL", "https://confer.hospital.example")
    run("db", "upgrade", "gateway")
    text = (DOCS / page).read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "north.toml"
    path.write_text("\n".join(line.strip() for line in snippet.splitlines()), encoding="utf-8")
    assert run("site", "add", "--file", path).exit_code == 0
    database = open_database(f"sqlite:///{data_dir / 'gateway.db'}")
    site = Sites(database).by_issuer("https://ehr.north.example/fhir")
    database.dispose()
    assert site is not None
    assert site.redirect_uri == "https://confer.hospital.example/callback"
    assert site.framing_origins == ("https://chart.north.example",)


def test_the_backup_line_copies_a_database_that_is_in_use(
    run: Run, data_dir: Path, tmp_path: Path
) -> None:
    page = (DOCS / "operate" / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"python3 -c '([^']+)' gateway.db gateway-backup.db", page)
    run("db", "upgrade", "gateway")
    database = open_database(f"sqlite:///{data_dir / 'gateway.db'}")
    copy = tmp_path / "copy" / "gateway.db"
    copy.parent.mkdir()
    with database.read():
        monkey = pytest.MonkeyPatch()
        monkey.setattr("sys.argv", ["-c", str(data_dir / "gateway.db"), str(copy)])
        exec(compile(program, "docs/operate/README.md", "exec"), {})  # noqa: S102 - our own page
        monkey.undo()
    database.dispose()
    data_dir.rename(tmp_path / "lost")
    copy.parent.rename(data_dir)
    assert run("db", "check", "gateway").exit_code == 0
    assert run("audit", "verify", "gateway").exit_code == 0
