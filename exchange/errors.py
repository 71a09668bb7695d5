"""Errors of the exchange room: a message breaks the wire contract."""

from typing import ClassVar, Literal

Kind = Literal["invalid", "refused", "conflict", "bug"]


class ExchangeError(Exception):
    """A message between hospital and network breaks the contract; the subclass says how."""

    code: ClassVar[str] = "exchange.error"
    kind: ClassVar[Kind] = "invalid"


class NotSealed(ExchangeError):
    """Something other than a sealed de-identified case was about to be put into a message."""

    code: ClassVar[str] = "exchange.not_sealed"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, type_name: str) -> None:
        """Keep the name of the type that was offered."""
        super().__init__(f"only a sealed case may be sent, not {type_name}")


class GateNotPassed(ExchangeError):
    """A sealed case whose gate did not pass must not be put into a message."""

    code: ClassVar[str] = "exchange.gate_not_passed"
    kind: ClassVar[Kind] = "refused"


class OrderInvalid(ExchangeError):
    """The facts that surround a message (codes, ids, times) are not ones the contract knows."""

    code: ClassVar[str] = "exchange.order_invalid"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, rule: str) -> None:
        """Keep the name of the broken rule."""
        self.rule = rule
        super().__init__(f"message cannot be built: {rule}")


class UnresolvedReference(ExchangeError):
    """A reference has no known business identifier, so the content cannot be hashed."""

    code: ClassVar[str] = "exchange.reference_unresolved"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, expression: str) -> None:
        """Keep the FHIRPath of the reference."""
        self.expression = expression
        super().__init__(f"reference without a known identifier at {expression}")


class MessageUnreadable(ExchangeError):
    """A message lacks a part that a reader needs; the FHIRPath says which."""

    code: ClassVar[str] = "exchange.message_unreadable"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, expression: str) -> None:
        """Keep the FHIRPath of the missing part."""
        self.expression = expression
        super().__init__(f"message lacks {expression}")


class TransitionRefused(ExchangeError):
    """The case is in a state in which this event cannot happen."""

    code: ClassVar[str] = "exchange.transition_refused"
    kind: ClassVar[Kind] = "conflict"

    def __init__(self, *, event: str, status: str, business: str) -> None:
        """Keep the event and the state, all three codes."""
        self.event = event
        self.status = status
        self.business = business
        super().__init__(f"event {event} is not allowed in {status}/{business}")
