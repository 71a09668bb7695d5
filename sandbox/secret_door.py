"""Who may use the programs' doors to the test bench: whoever knows the secret of the settings."""

import hmac

from flask import request

from runtime.settings_schema import Settings
from sandbox.errors import FaultDoorClosed
from sandbox.fhir_routes import bearer_of


class SecretDoor:
    """Its method is an access policy: sandbox mode, a secret is set, and the caller presents it."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings."""
        self._settings = settings

    def let_in(self) -> None:
        """Let the caller in, or raise FaultDoorClosed."""
        secret = self._settings.ehr_fault_secret
        presented = bearer_of(request.headers.get("Authorization")) or ""
        if not self._settings.is_sandbox or not secret:
            raise FaultDoorClosed
        if not hmac.compare_digest(presented.encode(), secret.encode()):
            raise FaultDoorClosed
