"""The consult server's web program, put together."""

from flask import Flask

from consult.service.services import ConsultServices
from consult.web import (
    access,
    desk,
    desk_problems,
    fhir_inbox,
    health,
    members,
    problems,
    session_cookie,
    token,
)
from runtime import web_guard
from runtime.settings_schema import Settings
from runtime.web_assets import assets
from runtime.web_guard import PUBLIC


def create_app(services: ConsultServices, settings: Settings) -> Flask:
    """Return the app: FHIR API, token endpoint, JSON routes, health, and the desk's pages."""
    app = Flask("consult.web", static_folder=None)
    app.extensions["confer"] = services
    app.config["CONFER_MODE"] = settings.mode
    app.url_map.strict_slashes = False
    web_guard.install(app, settings=settings, frame_ancestors=tuple, program="consult")
    problems.install(app, page_of=desk_problems.page_of)
    endpoint = access.make_token_endpoint(services)
    hospital = access.HospitalAccess(services, endpoint)
    web_guard.register(
        app,
        fhir_inbox.make_inbox(services, hospital),
        # The engine's policy and the bearer check inside decide; see fhir_store.TenantPolicy.
        policies={"serve": PUBLIC},
        url_prefix="/fhir",
    )
    web_guard.register(
        app,
        token.make_token_routes(services, endpoint),
        policies={"token": PUBLIC, "smart_configuration": PUBLIC},
    )
    web_guard.register(
        app,
        members.make_member_routes(services),
        policies={
            "attest": hospital.policy(),
            "rotate": hospital.policy(),
            "keys_of": PUBLIC,
            "jwks": PUBLIC,
        },
    )
    web_guard.register(app, assets, policies={"serve": PUBLIC})
    signed_in = session_cookie.signed_in_policy(services)
    web_guard.register(
        app,
        desk.make_desk(services),
        policies={
            **dict.fromkeys(desk.PUBLIC_VIEWS, PUBLIC),
            **dict.fromkeys(desk.SIGNED_IN_VIEWS, signed_in),
        },
        url_prefix="/desk",
    )
    web_guard.register(
        app, health.make_health_routes(services), policies={"health": PUBLIC, "ready": PUBLIC}
    )
    web_guard.seal(app)
    return app
