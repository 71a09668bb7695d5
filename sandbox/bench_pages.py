"""The test bench for people: switches, faults, the ledger; for whoever is signed in."""

from flask import Blueprint, Flask, redirect, request, url_for
from werkzeug.wrappers import Response

from runtime import web_guard
from sandbox import bench, bench_gate, bench_keys, clients, faults, ledger_routes, manners
from sandbox.dialects import DIALECTS
from sandbox.errors import FaultUnknown, SwitchUnknown
from sandbox.faults import Fault
from sandbox.manners import Switch
from sandbox.pages import Pages
from sandbox.services import SandboxServices

_SHOWN = 200
_SAID = {
    "dialect": "The EHR speaks this dialect now. Apps that keep what they discovered may need to "
    "ask again.",
    "switches": "The switches hold from now on.",
    "faults": "The faults are as shown below.",
    "keys": "id_tokens are signed with a fresh key from now on.",
    "off": "Everything is off: the EHR does everything right.",
}


def mount(app: Flask, services: SandboxServices) -> None:
    """Serve the pages below /bench, and tell every page how the bench stands."""
    blueprint = Blueprint("bench", __name__)
    doors, views = Pages(services), BenchPages(services)
    rules = (
        ("/bench", "show", views.show, "GET"),
        ("/bench/dialect", "dialect", views.dialect, "POST"),
        ("/bench/switches", "switches", views.switches, "POST"),
        ("/bench/faults", "arm", views.arm, "POST"),
        ("/bench/rotate-keys", "rotate_keys", views.rotate_keys, "POST"),
        ("/bench/off", "off", views.off, "POST"),
        ("/bench/requests", "requests", views.requests, "GET"),
        ("/bench/requests/clear", "clear", views.clear, "POST"),
        ("/bench/trace", "trace", views.trace, "GET"),
    )
    for rule, name, view, method in rules:
        blueprint.add_url_rule(rule, name, view, methods=[method])
    policies = {
        name: doors.own_form if method == "POST" else doors.need_doctor
        for _, name, _, method in rules
    }
    web_guard.register(app, blueprint, policies=policies)
    app.context_processor(lambda: {"bench_now": views.now})


class BenchPages:
    """The views."""

    def __init__(self, services: SandboxServices) -> None:
        """Keep the services."""
        self._services = services
        self._render = Pages(services).render

    def now(self) -> dict[str, object]:
        """Say in short how the bench stands, for the line on top of every page."""
        state = bench_gate.state(self._services)
        with self._services.database.read() as session:
            armed = len(faults.listed(session))
        return {
            "dialect": state.dialect,
            "switches": len(state.switches),
            "faults": armed,
            "messaging": state.manners.web_messaging,
            "is_on": not state.is_plain or armed > 0,
        }

    def show(self) -> str:
        """Everything that can be switched, and how it stands."""
        state = bench_gate.state(self._services)
        with self._services.database.read() as session:
            armed = faults.listed(session)
            registered = clients.every(session)
        return self._render(
            "bench.html",
            state=state,
            dialects=tuple(DIALECTS.values()),
            groups=manners.GROUPS,
            switches=manners.switches(),
            differing=tuple(manners.changed(state.manners)),
            armed=armed,
            effects=faults.EFFECTS,
            fault_places=faults.PLACES,
            registered=registered,
            places=self._services.places,
            said=request.args.get("said", ""),
            said_words=_SAID,
        )

    def dialect(self) -> Response:
        """Speak the chosen dialect."""
        with self._services.database.transaction() as session:
            bench.choose(session, request.form.get("dialect", ""), self._services.dialect)
        return _back("dialect")

    def switches(self) -> Response:
        """Take the whole form of switches as it stands."""
        wanted = {switch.name: _sent(switch) for switch in manners.switches()}
        with self._services.database.transaction() as session:
            bench.turn(session, wanted, replace=True, base=self._services.dialect)
        return _back("switches")

    def arm(self) -> Response:
        """Arm one fault, or clear them all."""
        with self._services.database.transaction() as session:
            if request.form.get("clear"):
                faults.clear(session)
            else:
                faults.arm(session, [_fault()])
        return _back("faults")

    def rotate_keys(self) -> Response:
        """Sign id_tokens with a fresh key."""
        with self._services.database.transaction() as session:
            bench_keys.rotate(self._services, session)
        return _back("keys")

    def off(self) -> Response:
        """Put everything back."""
        with self._services.database.transaction() as session:
            bench.all_off(session)
        return _back("off")

    def requests(self) -> str:
        """The newest lines of the ledger, newest first."""
        lines = self._services.ledger.lines(most=_SHOWN)
        return self._render("requests.html", lines=tuple(reversed(lines)), shown=_SHOWN)

    def clear(self) -> Response:
        """Forget the ledger."""
        self._services.ledger.clear()
        return redirect(url_for("bench.requests"), 303)

    def trace(self) -> Response:
        """Send the ledger as a file."""
        return ledger_routes.trace_of(self._services)


def _back(said: str) -> Response:
    return redirect(url_for("bench.show", said=said), 303)


def _sent(switch: Switch) -> object:
    text = request.form.get(switch.name, "").strip()
    if switch.kind == "bool":
        return bool(text)
    if switch.kind == "texts":
        return tuple(text.split())
    if switch.kind == "int":
        return _whole(text, SwitchUnknown(field=switch.name))
    return text


def _fault() -> Fault:
    form = request.form
    return Fault(
        effect=form.get("effect", ""),  # type: ignore[arg-type]  # Fault checks it
        place=form.get("place", "fhir"),  # type: ignore[arg-type]
        resource_type=form.get("resource_type", "").strip(),
        method=form.get("method", "").strip(),
        times=_whole(form.get("times", "1"), FaultUnknown(field="times")),
        every=_whole(form.get("every", "1"), FaultUnknown(field="every")),
        milliseconds=_whole(form.get("milliseconds", "0"), FaultUnknown(field="milliseconds")),
    )


def _whole(text: str, otherwise: Exception) -> int:
    try:
        return int(text)
    except ValueError:
        raise otherwise from None
