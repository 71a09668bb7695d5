"""The doctor's app: `create_app` puts pages, launch and guards together."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask

from launch.blueprint import make_blueprint
from runtime import web_guard
from runtime.settings_schema import Settings
from runtime.web_assets import assets
from smartapp.gateway.services import GatewayServices
from smartapp.web import (
    answers,
    ask,
    case,
    health,
    parked,
    pictures,
    preview,
    problems,
    published_keys,
    reply,
    start,
    watch,
)
from smartapp.web.session import launched, watching
from smartapp.web.start import Pages

PUBLIC = web_guard.PUBLIC


def create_app(services: GatewayServices, settings: Settings) -> Flask:
    """Build the app; it refuses to start when a route has no access policy."""
    app = Flask(__name__, static_folder=None)
    app.config["CONFER_MODE"] = settings.mode
    app.extensions["confer"] = services
    app.extensions["confer_settings"] = settings
    web_guard.install(
        app,
        settings=settings,
        frame_ancestors=lambda: frame_origins(services),
        program="gateway",
    )
    problems.install(app)
    web_guard.register(app, assets, policies={"serve": PUBLIC})
    web_guard.register(
        app,
        make_blueprint(services.smart, Pages()),
        policies={"start": PUBLIC, "callback": PUBLIC},
    )
    web_guard.register(app, start.public, policies={"front": PUBLIC, "window": PUBLIC})
    for blueprint, views in (
        (start.pages, start.VIEWS),
        (ask.pages, ask.VIEWS),
        (preview.pages, preview.VIEWS),
        (pictures.pages, pictures.VIEWS),
        (case.pages, case.VIEWS),
        (reply.pages, reply.VIEWS),
        (answers.pages, answers.VIEWS),
        (parked.pages, parked.VIEWS),
    ):
        web_guard.register(
            app,
            blueprint,
            policies=dict.fromkeys(views, launched),
            url_prefix="/s/<handle>",
        )
    web_guard.register(
        app,
        watch.pages,
        policies=dict.fromkeys(watch.VIEWS, watching),
        url_prefix="/s/<handle>",
    )
    web_guard.register(app, health.pages, policies=dict.fromkeys(health.VIEWS, PUBLIC))
    web_guard.register(app, published_keys.pages, policies={"key_set": PUBLIC})
    web_guard.seal(app)
    return app


def frame_origins(services: GatewayServices) -> Sequence[str]:
    """Who may frame the app: the chart pages of registered EHRs, nobody else."""
    found: list[str] = []
    for site in services.sites.every():
        parts = urlsplit(site.frame_origin or site.issuer)
        found.append(f"{parts.scheme}://{parts.netloc}")
    return sorted(set(found))
