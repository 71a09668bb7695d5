"""What an operator writes becomes a registration, or every wrong fact is named."""

from collections.abc import Mapping

import pytest

from launch.ports import Site
from runtime import jose
from smartapp.errors import SiteInvalid
from smartapp.gateway.read_site import SiteRules, facts_of, read_site
from smartapp.gateway.site_fields import FIELDS

RULES = SiteRules(gateway_url="https://gateway.example", loopback_http=False)
LEAST: Mapping[str, object] = {
    "site_id": "north",
    "name": "North Hospital",
    "issuer": "https://ehr.example/fhir/",
    "client_id": "confer-app",
}


def wrong(given: Mapping[str, object], base: Site | None = None) -> dict[str, str]:
    with pytest.raises(SiteInvalid) as refused:
        read_site({**LEAST, **given} if base is None else given, rules=RULES, base=base)
    return dict(refused.value.problems)


def test_four_facts_are_enough_and_the_rest_is_the_vendors() -> None:
    site = read_site(LEAST, rules=RULES)
    assert site.issuer == "https://ehr.example/fhir"
    assert site.redirect_uri == "https://gateway.example/callback"
    assert (site.vendor, site.client_auth, site.write_policy) == (
        "generic",
        "private_key_jwt",
        "on_arrival",
    )
    assert {"openid", "fhirUser", "patient/*.rs"} <= set(site.scopes)
    assert (site.backend_client_id, site.backend_scopes) == (None, ())


def test_a_backend_client_gets_the_scopes_that_writing_needs() -> None:
    site = read_site({**LEAST, "backend_client_id": "confer-backend"}, rules=RULES)
    assert "system/DocumentReference.crs" in site.backend_scopes


def test_a_site_written_out_and_read_again_is_the_same() -> None:
    key = dict(jose.new_signing_key("ES384").public_jwk())
    site = read_site(
        {
            **LEAST,
            "vendor": "epic",
            "own_redirect": True,
            "frame_origins": ["https://chart.example", "https://ehr.example"],
            "requests_per_second": "2.5",
            "burst": 9,
            "open_hours": "Mon-Fri 07:00-19:00",
            "cds_issuer": "https://cds.example",
            "cds_keys": {"keys": [key]},
        },
        rules=RULES,
    )
    assert site.redirect_uri == "https://gateway.example/callback/north"
    assert read_site(facts_of(site), rules=RULES) == site


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"issuer": "http://ehr.example/fhir"}, "issuer"),
        ({"issuer": "https://user:pw@ehr.example/fhir"}, "issuer"),
        ({"issuer": "https://ehr.example/fhir?x=1"}, "issuer"),
        ({"issuer": "file:///etc/passwd"}, "issuer"),
        ({"site_id": "../north"}, "site_id"),
        ({"name": "a\nb"}, "name"),
        ({"client_id": ""}, "client_id"),
        ({"vendor": "acme"}, "vendor"),
        ({"fhir_version": "6.0"}, "fhir_version"),
        ({"scopes": ["launch"]}, "scopes"),
        ({"scopes": ['open"id', "openid", "fhirUser"]}, "scopes"),
        ({"allowed_origins": ["https://login.example/path"]}, "allowed_origins"),
        ({"frame_origins": ["http://chart.example"]}, "frame_origins"),
        ({"frame_origins": ["*"]}, "frame_origins"),
        ({"backend_scopes": ["system/Patient.rs"]}, "backend_client_id"),
        ({"backend_client_id": "b", "backend_scopes": ["user/Patient.rs"]}, "backend_scopes"),
        ({"redirect_uri": "https://evil.example/callback"}, "redirect_uri"),
        ({"requests_per_second": "fast"}, "requests_per_second"),
        ({"requests_per_second": "nan"}, "requests_per_second"),
        ({"burst": 1.5}, "burst"),
        ({"burst": 0}, "burst"),
        ({"write_as": ["fax"]}, "write_as"),
        ({"open_hours": ["always"]}, "open_hours"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"standalone": "yes"}, "standalone"),
        ({"cds_jwks_url": "https://cds.example/keys"}, "cds_issuer"),
        ({"cds_issuer": "https://cds.example"}, "cds_jwks_url"),
        ({"frame_orgins": []}, "frame_orgins"),
        ({"client_secret": "hunter2"}, "client_secret"),
    ],
)
def test_a_wrong_fact_is_named_and_its_value_is_not_repeated(
    given: Mapping[str, object], field: str
) -> None:
    problems = wrong(given)
    assert list(problems) == [field]
    assert "hunter2" not in " ".join(problems.values())
    assert "evil.example" not in " ".join(problems.values())


def test_all_wrong_facts_are_told_at_once() -> None:
    assert set(wrong({"name": "", "vendor": "acme", "burst": "x"})) == {"name", "vendor", "burst"}


def test_a_private_key_is_never_pinned() -> None:
    private = jose.new_signing_key("ES384")
    text = wrong({"cds_issuer": "https://cds.example", "cds_keys": [{"kty": "oct", "k": "c2Vj"}]})
    assert "private" in text["cds_keys"]
    assert private.kid not in text["cds_keys"]


def test_a_change_keeps_what_is_not_named_and_clears_what_is_empty() -> None:
    before = read_site({**LEAST, "tenant": "t1", "open_hours": ["Daily 06:00-22:00"]}, rules=RULES)
    after = read_site({"tenant": "", "name": "Renamed"}, rules=RULES, base=before)
    assert (after.tenant, after.name, after.open_hours) == (None, "Renamed", before.open_hours)
    assert read_site({"open_hours": [""]}, rules=RULES, base=after).open_hours == ()


def test_id_and_issuer_stay_what_they_are() -> None:
    before = read_site(LEAST, rules=RULES)
    assert set(wrong({"issuer": "https://x.example/r4", "site_id": "x2"}, before)) == {
        "issuer",
        "site_id",
    }
    assert read_site({"issuer": "https://ehr.example/fhir/"}, rules=RULES, base=before) == before


def test_loopback_may_be_http_in_the_sandbox_only() -> None:
    sandbox = SiteRules(gateway_url="http://127.0.0.1:8401", loopback_http=True)
    local = {**LEAST, "issuer": "http://localhost:8400/fhir"}
    assert read_site(local, rules=sandbox).issuer == "http://localhost:8400/fhir"
    assert set(wrong({"issuer": "http://localhost:8400/fhir"})) == {"issuer"}


def test_every_fact_has_a_flag_of_its_own_and_a_sentence_of_help() -> None:
    assert len({one.flag for one in FIELDS}) == len(FIELDS)
    assert all(one.help.endswith((".", "`.")) for one in FIELDS)
