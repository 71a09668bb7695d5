"""What the doctor left out stays out."""

from smartapp.gateway.care_choices import leave_out, left_out_of


def test_a_full_list_keeps_what_was_left_out_first() -> None:
    choices: dict[str, object] = {}
    for number in range(500):
        choices = leave_out(choices, f"resource:{number:012x}", "A problem")
    kept = left_out_of(choices)
    assert "resource:000000000000" in kept
    assert len(kept) == 400
