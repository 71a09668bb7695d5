"""Rights never grow: whatever is granted, compared or renewed."""

from hypothesis import given
from hypothesis import strategies as st

from launch import scopes

LEVELS = st.sampled_from(["patient", "user", "system"])
TYPES = st.sampled_from(["*", "Observation", "Condition", "DocumentReference"])
RIGHTS = st.sampled_from(["read", "write", "*", "c", "rs", "r", "s", "cruds", "cud"])
QUERIES = st.sampled_from(["", "?category=laboratory", "?category=vital-signs"])
SCOPE = st.one_of(
    st.builds("{}/{}.{}{}".format, LEVELS, TYPES, RIGHTS, QUERIES),
    st.sampled_from(["openid", "fhirUser", "launch", "online_access", "junk/x.y"]),
)
SCOPES = st.lists(SCOPE, max_size=6).map(tuple)
LETTERS = "cruds"


def _rights(granted: tuple[str, ...]) -> set[tuple[str, str, str]]:
    return {
        (level, kind, letter)
        for level in ("patient", "user", "system")
        for kind in ("Observation", "Condition", "DocumentReference", "Other")
        for letter in LETTERS
        if scopes.may(granted, kind, letter, level=level)
    }


@given(SCOPES)
def test_what_was_granted_is_not_missing(granted: tuple[str, ...]) -> None:
    assert scopes.missing(granted, granted) == ()
    assert scopes.parse(scopes.to_text(granted)) == tuple(dict.fromkeys(granted))


@given(SCOPES, SCOPES)
def test_a_renewed_token_never_has_a_right_that_the_login_had_not(
    granted: tuple[str, ...], login: tuple[str, ...]
) -> None:
    assert _rights(scopes.narrowed(granted, login)) <= _rights(login)


@given(SCOPES, SCOPES)
def test_more_granted_means_no_more_missing(
    wanted: tuple[str, ...], granted: tuple[str, ...]
) -> None:
    for cut in range(len(granted)):
        assert set(scopes.missing(wanted, granted)) <= set(scopes.missing(wanted, granted[:cut]))


@given(SCOPES, SCOPES)
def test_when_nothing_is_missing_every_wished_right_is_there(
    wanted: tuple[str, ...], granted: tuple[str, ...]
) -> None:
    if not scopes.missing(wanted, granted):
        assert _rights(wanted) <= _rights(granted)
