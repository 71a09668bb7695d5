"""The shared pages' stylesheet, skeleton and small charts."""

from decimal import Decimal

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from runtime.web_assets import asset_url, assets
from runtime.web_assets.charts import WIDTH, TrendPoint, draw_trend


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    app.config["CONFER_MODE"] = "sandbox"
    app.register_blueprint(assets)

    @app.get("/page")
    def page() -> str:
        return render_template_string(
            '{% extends "confer/base.html" %}{% import "confer/macros.html" as cf %}'
            '{% block content %}{{ cf.textarea("q", "Ask", "<b>", errors=(("q", "Say it"),)) }}'
            '{{ cf.error_summary((("q", "Say it"),)) }}{% endblock %}'
        )

    @app.get("/address")
    def address() -> str:
        return asset_url("confer.css")

    return app.test_client()


def test_a_file_under_its_own_digest_may_be_kept_for_good(client: FlaskClient) -> None:
    answer = client.get(client.get("/address").text)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.content_type == "text/css; charset=utf-8"


def test_a_file_under_another_digest_is_served_but_not_kept(client: FlaskClient) -> None:
    answer = client.get("/assets/0000000000000000/confer.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["blueprint.py", "../blueprint.py", "nothing.css"])
def test_only_shipped_files_have_an_address(client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/0/{name}").status_code == 404


def test_an_error_is_tied_to_its_field_and_values_are_escaped(client: FlaskClient) -> None:
    page = client.get("/page").text
    assert 'aria-describedby="q-error"' in page
    assert 'href="#q"' in page
    assert "&lt;b&gt;</textarea>" in page


def test_pages_carry_no_style_attributes_and_say_that_this_is_a_sandbox(
    client: FlaskClient,
) -> None:
    page = client.get("/page").text
    assert "style=" not in page
    assert "Sandbox:" in page


def test_a_trend_puts_the_highest_value_on_top_and_lists_every_value() -> None:
    chart = draw_trend(
        [
            TrendPoint(value=Decimal("4.8"), age="50 days before"),
            TrendPoint(value=Decimal("6.10"), age="1.4 hours before"),
        ],
        name="Potassium",
        unit="mmol/L",
        low=Decimal("3.5"),
        high=Decimal("5.1"),
    )
    assert chart.dots == (("35.0", "36.0"), ("245.0", "10.0"))
    assert chart.label.endswith("6.10, 1.4 hours before. Reference 3.5 to 5.1.")
    assert (chart.band_y, chart.band_height) == ("30.0", "32.0")


def test_a_single_value_stands_in_the_middle_above_its_label() -> None:
    chart = draw_trend([TrendPoint(value=Decimal(5), age="1 d")], name="x", unit="")
    assert [x for x, _ in chart.dots] == [f"{WIDTH / 2:.1f}"]


@pytest.mark.parametrize(
    ("low", "high", "band"),
    [
        (None, Decimal(5), ("10.0", "62.0")),  # from the mark down to the bottom edge
        (Decimal(5), None, ("0.0", "10.0")),  # from the top edge down to the mark
        (None, None, (None, None)),
    ],
)
def test_a_range_open_on_one_side_reaches_the_edge_of_the_drawing(
    low: Decimal | None, high: Decimal | None, band: tuple[str | None, str | None]
) -> None:
    points = [TrendPoint(value=Decimal(3), age="2 d"), TrendPoint(value=Decimal(4), age="1 d")]
    chart = draw_trend(points, name="x", unit="", low=low, high=high)
    assert (chart.band_y, chart.band_height) == band


def test_equal_values_draw_a_flat_line_instead_of_failing() -> None:
    flat = [TrendPoint(value=Decimal(5), age=age) for age in ("2 d", "1 d")]
    assert [y for _, y in draw_trend(flat, name="x", unit="").dots] == ["62.0", "62.0"]
