"""Where the demo of a data folder runs: written at its first start, read by other commands.

A demo whose ports were moved is then found by `confer doctor`, `confer check` and `confer site`
without the options being repeated to them. Addresses that were set by hand always win.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runtime import settings
from runtime.settings_schema import Settings, SettingsSchema

_FILE: Final = "provisioned"
_NAMES: Final = ("ehr_url", "gateway_url", "consult_url")


def same(folder: Path, addresses: tuple[str, str, str], *, release: str) -> bool:
    """Tell whether the demo of this folder was made ready for these addresses by this release."""
    return _words(folder) == [*addresses, release]


def note(folder: Path, addresses: tuple[str, str, str], *, release: str) -> None:
    """Remember for which addresses (EHR, gateway, consult server) and release it is ready."""
    (folder / _FILE).write_text(f"{' '.join(addresses)} {release}\n", encoding="utf-8")


def load_settings() -> Settings:
    """Return the settings; in sandbox mode addresses nobody set are those of the folder's demo.

    Raises `SettingsInvalid`, as `runtime.settings.load` does.
    """
    chosen = settings.load()
    if not chosen.is_sandbox:
        return chosen
    moved = {
        name: url
        for name, url in _stored(chosen.data_dir).items()
        if getattr(chosen, name) == SettingsSchema().fields[name].load_default
    }
    return settings.load(overrides=moved) if moved else chosen


def _stored(folder: Path) -> Mapping[str, str]:
    words = _words(folder)
    return dict(zip(_NAMES, words, strict=False)) if len(words) >= len(_NAMES) else {}


def _words(folder: Path) -> list[str]:
    try:
        return (folder / _FILE).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []
