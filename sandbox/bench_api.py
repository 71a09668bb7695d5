"""The test bench for programs: dialect, switches and faults, behind a secret.

`/sandbox/bench` is the whole state, `/sandbox/faults` are the counted rules alone.
"""

from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request
from sqlalchemy.orm import Session

from runtime import json_text, web_guard
from runtime.settings_schema import Settings
from sandbox import bench, bench_keys, faults, manners
from sandbox.dialects import DIALECTS
from sandbox.errors import FaultUnknown, SwitchUnknown
from sandbox.secret_door import SecretDoor
from sandbox.services import SandboxServices

_FIELDS = frozenset(faults.Fault.__dataclass_fields__)
_MEMBERS = frozenset({"dialect", "switches", "replace", "faults"})
_MAX_BYTES = 20_000


def mount(app: Flask, services: SandboxServices, settings: Settings) -> None:
    """Serve the doors that tests and scripts use."""
    blueprint = Blueprint("switches", __name__)
    door = SecretDoor(settings).let_in
    views = BenchApi(services)
    rules = (
        ("/sandbox/bench", "bench", views.show, "GET"),
        ("/sandbox/bench", "set_bench", views.change, "POST"),
        ("/sandbox/bench", "all_off", views.all_off, "DELETE"),
        ("/sandbox/rotate-keys", "rotate_keys", views.rotate_keys, "POST"),
        ("/sandbox/faults", "show", views.show_faults, "GET"),
        ("/sandbox/faults", "arm", views.arm, "POST"),
        ("/sandbox/faults", "clear", views.clear, "DELETE"),
    )
    for rule, name, view, method in rules:
        blueprint.add_url_rule(rule, name, view, methods=[method])
    web_guard.register(app, blueprint, policies={name: door for _, name, _, _ in rules})


class BenchApi:
    """The views."""

    def __init__(self, services: SandboxServices) -> None:
        """Keep the services."""
        self._services = services

    def show(self) -> Response:
        """Say how the bench stands, and what could be switched."""
        with self._services.database.read() as session:
            return jsonify({**self._state(session), **_catalogue()})

    def change(self) -> Response:
        """Choose a dialect, turn switches, arm faults: whatever the body names, all or nothing."""
        wanted = json_text.loads(request.get_data(), max_bytes=_MAX_BYTES)
        if not isinstance(wanted, dict) or not set(wanted) <= _MEMBERS:
            raise SwitchUnknown(field="body")
        base = self._services.dialect
        with self._services.database.transaction() as session:
            if "dialect" in wanted:
                bench.choose(session, str(wanted["dialect"]), base)
            switches = wanted.get("switches", {})
            if not isinstance(switches, dict):
                raise SwitchUnknown(field="switches")
            bench.turn(session, switches, replace=bool(wanted.get("replace")), base=base)
            faults.arm(session, [_fault(rule) for rule in _list(wanted.get("faults", []))])
            return jsonify(self._state(session))

    def all_off(self) -> Response:
        """Put everything back."""
        with self._services.database.transaction() as session:
            bench.all_off(session)
            return jsonify(self._state(session))

    def rotate_keys(self) -> Response:
        """Sign id_tokens with a fresh key from now on; the one before is published no more."""
        with self._services.database.transaction() as session:
            return jsonify({"kid": bench_keys.rotate(self._services, session)})

    def show_faults(self) -> Response:
        """List what is armed."""
        with self._services.database.read() as session:
            return _shown(faults.listed(session))

    def arm(self) -> Response:
        """Arm one rule or a list of them."""
        wanted = json_text.loads(request.get_data(), max_bytes=_MAX_BYTES)
        with self._services.database.transaction() as session:
            faults.arm(session, [_fault(rule) for rule in _list(wanted)])
            return _shown(faults.listed(session))

    def clear(self) -> Response:
        """Clear every rule; dialect and switches stay."""
        with self._services.database.transaction() as session:
            left = faults.clear(session)
        return jsonify({"cleared": left})

    def _state(self, session: Session) -> dict[str, Any]:  # Any: JSON
        state = self._services.bench(session)
        return {
            "dialect": state.dialect.name,
            "switches": dict(state.switches),
            "behavior": {
                switch.name: getattr(state.manners, switch.name) for switch in manners.switches()
            },
            "faults": [_as_json(rule) for rule in faults.listed(session)],
        }


def _catalogue() -> dict[str, Any]:
    return {
        "dialects": [
            {"name": one.name, "title": one.title, "differs": list(one.differs)}
            for one in DIALECTS.values()
        ],
        "catalogue": [
            {
                "name": one.name,
                "group": one.group,
                "says": one.says,
                "kind": one.kind,
                "choices": list(one.choices),
                "default": one.default,
            }
            for one in manners.switches()
        ],
    }


def _list(wanted: object) -> list[object]:
    return wanted if isinstance(wanted, list) else [wanted]


def _as_json(rule: faults.Fault) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in sorted(_FIELDS)}


def _shown(rules: tuple[faults.Fault, ...]) -> Response:
    return jsonify([_as_json(rule) for rule in rules])


def _fault(rule: object) -> faults.Fault:
    if not isinstance(rule, dict) or not set(rule) <= _FIELDS or "effect" not in rule:
        raise FaultUnknown(field="name")
    for name in ("times", "every", "milliseconds"):
        if not isinstance(rule.get(name, 1), int):
            raise FaultUnknown(field=name)
    return faults.Fault(**rule)
