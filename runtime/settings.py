"""Environment and TOML file to one frozen `Settings`; all faults reported together.

Order: the environment (`CONFER_*`), then the file named by `CONFER_CONFIG`, then the
defaults. A secret may be kept in a file of its own: `CONFER_GATEWAY_DATABASE_URL_FILE`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from runtime.errors import SettingsInvalid
from runtime.settings_schema import SECRETS, Settings, SettingsSchema

PREFIX = "CONFER_"
_DATABASE_FILES = {
    "gateway_database_url": "gateway.db",
    "consult_database_url": "consult.db",
    "ehr_database_url": "ehr.db",
}
_KEYRING_FILES = {
    "gateway_keyring_file": "gateway.keys",
    "consult_keyring_file": "consult.keys",
    "ehr_keyring_file": "ehr.keys",
}
# Read by the program starter and by tests, not settings of the product.
_OTHER_NAMES = frozenset({"config"})
_OTHER_PREFIXES = ("chaos_", "test_")


def load(*, file: Path | None = None, overrides: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; `overrides` (setting name to text) win over everything.

    Raises `SettingsInvalid` that lists every fault by name, never by value.
    """
    environment = _environment()
    config = environment.pop("config", None)
    chosen = file or (Path(config) if config else None)
    faults: list[str] = []
    raw: dict[str, Any] = _from_file(chosen, faults) if chosen else {}
    raw.update(_resolve_secret_files(environment, faults))
    raw.update(overrides or {})
    return _build(raw, faults)


def _environment() -> dict[str, str]:
    found = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(PREFIX)
    }
    return {name: value for name, value in found.items() if not name.startswith(_OTHER_PREFIXES)}


def _from_file(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        faults.append("config: file cannot be read")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        faults.append("config: file is not TOML")
        return {}
    return _resolve_secret_files(content, faults)


def _resolve_secret_files(raw: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    resolved: dict[str, Any] = {}
    for name, value in raw.items():
        secret = name.removesuffix("_file")
        if secret == name or secret not in SECRETS:
            resolved[name] = value
            continue
        if secret in raw:
            faults.append(f"{secret}: given both directly and as a file")
        try:
            resolved[secret] = Path(str(value)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            faults.append(f"{name}: file cannot be read")
    return resolved


def _build(raw: Mapping[str, Any], faults: list[str]) -> Settings:
    known = {name: value for name, value in raw.items() if name not in _OTHER_NAMES}
    values: dict[str, Any] = {}
    try:
        values = SettingsSchema().load(known)
    except ValidationError as error:
        faults.extend(_sentences(error))
    if faults:
        raise SettingsInvalid(faults=tuple(sorted(faults))) from None
    data_dir = Path(values.pop("data_dir")).absolute()
    for name, file_name in _DATABASE_FILES.items():
        values[name] = values[name] or f"sqlite:///{data_dir / file_name}"
    for name, file_name in _KEYRING_FILES.items():
        values[name] = Path(values[name]) if values[name] else data_dir / file_name
    return Settings(data_dir=data_dir, **values)


def _sentences(error: ValidationError) -> list[str]:
    # marshmallow's messages hold rules, its data and valid_data hold values: only messages.
    messages: dict[str, object] = error.normalized_messages()  # type: ignore[no-untyped-call]
    return [f"{name}: {text}" for name, texts in sorted(messages.items()) for text in _flat(texts)]


def _flat(texts: object) -> list[str]:
    if isinstance(texts, list):
        return [str(text) for text in texts]
    if isinstance(texts, dict):
        return [text for part in texts.values() for text in _flat(part)]
    return [str(texts)]
