"""Named WSGI callables: `gunicorn 'confer.wsgi:gateway()'`."""

from flask import Flask

from runtime import logs, settings


def gateway() -> Flask:
    """The doctor's app."""
    from confer.wiring import gateway as wiring  # noqa: PLC0415 - each program imports only itself
    from smartapp.web.app import create_app  # noqa: PLC0415

    chosen = settings.load()
    logs.configure(program="gateway", mode=chosen.mode, level=chosen.log_level)
    services = wiring.build(chosen)
    services.deid.warm_up()
    return create_app(services, chosen)


def consult() -> Flask:
    """The consult server with the specialists' desk."""
    from confer.wiring import consult as wiring  # noqa: PLC0415
    from consult.web.app import create_app  # noqa: PLC0415

    chosen = settings.load()
    logs.configure(program="consult", mode=chosen.mode, level=chosen.log_level)
    return create_app(wiring.build(chosen), chosen)


def ehr() -> Flask:
    """The simulated EHR; sandbox mode only."""
    from confer.wiring import ehr as wiring  # noqa: PLC0415
    from sandbox.app import create_app  # noqa: PLC0415

    chosen = settings.load()
    logs.configure(program="ehr", mode=chosen.mode, level=chosen.log_level)
    return create_app(wiring.build(chosen), chosen)
