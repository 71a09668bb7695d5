"""How the test bench stands: which dialect is spoken and which switches are on.

The state is one row in the database, so it holds for every process and survives a restart.
Without the row the EHR is what it was built as. Fault rules (`sandbox/faults.py`) are the
other half of the bench: they count calls and go away; a switch stays until it is turned off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from runtime import json_text
from sandbox import faults, manners
from sandbox.dialect import GENERIC, Dialect
from sandbox.dialects import DIALECTS
from sandbox.errors import SwitchUnknown
from sandbox.manners import Manners, Value
from sandbox.rows import BenchRow

_ONLY = 1
_STANDS = select(BenchRow.dialect, BenchRow.switches).where(BenchRow.bench_id == _ONLY)


@dataclass(frozen=True, kw_only=True)
class BenchState:
    """The dialect, the switches laid over it, and what both come to."""

    dialect: Dialect = GENERIC
    switches: Mapping[str, Value] = field(default_factory=dict)

    @cached_property
    def manners(self) -> Manners:
        """How the EHR behaves now."""
        return manners.apply(self.dialect.manners, self.switches)

    @property
    def is_plain(self) -> bool:
        """Tell whether nothing is switched: the shortest way through the server is enough."""
        return self.dialect is GENERIC and not self.switches


def load(session: Session, base: Dialect = GENERIC) -> BenchState:
    """Read how the bench stands; `base` is what this EHR was built as."""
    # Columns, not the row as an object: this is asked for every request.
    row = session.execute(_STANDS).first()
    if row is None:
        return BenchState(dialect=base)
    stored = json_text.loads(row.switches.encode("utf-8"))
    return BenchState(dialect=DIALECTS.get(row.dialect, base), switches=manners.still_known(stored))


def choose(session: Session, name: str, base: Dialect = GENERIC) -> BenchState:
    """Speak a dialect; the switches stay. Raises `SwitchUnknown` for a name that is not there."""
    if name not in DIALECTS:
        raise SwitchUnknown(field="dialect")
    switches = load(session, base).switches
    return _store(session, BenchState(dialect=DIALECTS[name], switches=switches))


def turn(
    session: Session,
    wanted: Mapping[str, object],
    *,
    replace: bool = False,
    base: Dialect = GENERIC,
) -> BenchState:
    """Turn switches; one that is set to its dialect's own value is off again.

    `replace` turns all others off. Raises `SwitchUnknown` naming the switch.
    """
    state = load(session, base)
    together = {**({} if replace else state.switches), **wanted}
    result = manners.apply(state.dialect.manners, together)
    differing = manners.changed(result, state.dialect.manners)
    return _store(session, BenchState(dialect=state.dialect, switches=differing))


def all_off(session: Session) -> None:
    """Put everything back: the dialect, every switch, every fault rule."""
    session.execute(delete(BenchRow))
    faults.clear(session)


def _store(session: Session, state: BenchState) -> BenchState:
    text = json_text.dumps(
        {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in state.switches.items()
        }
    ).decode("utf-8")
    row = session.get(BenchRow, _ONLY)
    if row is None:
        session.add(BenchRow(bench_id=_ONLY, dialect=state.dialect.name, switches=text))
    else:
        row.dialect, row.switches = state.dialect.name, text
    session.flush()
    return state
