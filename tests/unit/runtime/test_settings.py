"""Settings come from three places, faults come together, values are never shown."""

from pathlib import Path

import pytest

from runtime import settings
from runtime.errors import SettingsInvalid
from runtime.settings_schema import Settings

PRODUCTION = {
    "mode": "production",
    "gateway_url": "https://gw.example",
    "consult_url": "https://cs.example",
    "gateway_database_url": "postgresql://gw:canary@db/gw",
    "consult_database_url": "postgresql://cs:canary@db/cs",
    "gateway_keyring_file": "/keys/gw",
    "consult_keyring_file": "/keys/cs",
}


def _faults(**overrides: str) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        settings.load(overrides=overrides)
    return caught.value.faults


def test_nothing_is_needed_for_the_demo() -> None:
    found = settings.load()
    assert found.is_sandbox
    assert found.ehr_url == "http://localhost:8400"
    assert found.gateway_database_url == f"sqlite:///{Path('.demo').absolute() / 'gateway.db'}"
    assert found.consult_keyring_file == Path(".demo").absolute() / "consult.keys"
    assert found.send_delay_seconds == 30


def test_overrides_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "confer.toml"
    file.write_text("poll_seconds = 1\nsend_delay_seconds = 1\nworker_threads = 1\n")
    monkeypatch.setenv("CONFER_CONFIG", str(file))
    monkeypatch.setenv("CONFER_SEND_DELAY_SECONDS", "2")
    monkeypatch.setenv("CONFER_WORKER_THREADS", "2")
    found = settings.load(overrides={"worker_threads": "3"})
    assert (found.poll_seconds, found.send_delay_seconds, found.worker_threads) == (1, 2, 3)


def test_a_secret_may_live_in_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://a:canary@db/a\n")
    monkeypatch.setenv("CONFER_GATEWAY_DATABASE_URL_FILE", str(secret))
    assert settings.load().gateway_database_url == "postgresql://a:canary@db/a"
    monkeypatch.setenv("CONFER_GATEWAY_DATABASE_URL", "sqlite:///x.db")
    with pytest.raises(SettingsInvalid, match="both directly and as a file"):
        settings.load()
    monkeypatch.delenv("CONFER_GATEWAY_DATABASE_URL")
    monkeypatch.setenv("CONFER_GATEWAY_DATABASE_URL_FILE", str(tmp_path / "gone"))
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        settings.load()


def test_all_faults_are_told_at_once_by_name_and_without_values() -> None:
    faults = _faults(poll_seconds="canary", max_body_bytes="1", unknown="canary", mode="canary")
    assert [fault.split(":")[0] for fault in faults] == [
        "max_body_bytes",
        "mode",
        "poll_seconds",
        "unknown",
    ]
    assert "canary" not in str(faults)


@pytest.mark.parametrize(
    "url",
    [
        "http://gw.example",
        "https://gw.example/",
        "https://a:b@gw.example",
        "https://gw.example?x=1",
        "ftp://gw.example",
        "gw.example",
    ],
)
def test_addresses_are_https_or_this_machine(url: str) -> None:
    assert len(_faults(gateway_url=url)) == 1


def test_production_requires_what_the_demo_makes_up() -> None:
    assert len(_faults(mode="production")) == 6
    assert settings.load(overrides=PRODUCTION).mode == "production"
    faults = _faults(**{**PRODUCTION, "gateway_url": "https://localhost"})
    assert faults == ("gateway_url: must not be a loopback address in production",)


@pytest.mark.parametrize("body", [b"not = = toml", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_a_fault(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "confer.toml"
    file.write_bytes(body)
    with pytest.raises(SettingsInvalid, match="not TOML"):
        settings.load(file=file)
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        settings.load(file=tmp_path / "gone")


def test_the_settings_do_not_show_themselves() -> None:
    found: Settings = settings.load(overrides=PRODUCTION)
    assert repr(found) == "Settings(mode='production', ...)"
