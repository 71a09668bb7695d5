"""Points at which a chaos test kills this process; they exist in sandbox mode only.

The name of the point comes from settings. A marker file makes it happen once, so that the
process that takes over gets through.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Failpoint = Literal[
    "after_approve_commit",
    "before_send",
    "after_send_before_receipt",
    "after_answer_stored",
    "after_write_before_acknowledge",
]


def killer(*, chosen: str, mode: str, marker_folder: Path) -> Callable[[str], None]:
    """Return the hook for `GatewayServices.failpoint`: it kills at the chosen point, once."""

    def at(name: str) -> None:
        if mode != "sandbox" or name != chosen:
            return
        marker = marker_folder / f"failpoint-{name}.fired"
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    return at
