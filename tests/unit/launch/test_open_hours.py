"""Hours of a site: what is read, over midnight, across time zones and summer time."""

from datetime import UTC, datetime

import pytest

from launch import open_hours, site_gate
from launch.errors import SiteClosed, Step
from launch.ports import SiteId
from tests.support.launch_stores import MemorySites, make_site

MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        ("Mon-Fri 07:00-19:00", "2026-11-23T07:00", True),
        ("Mon-Fri 07:00-19:00", "2026-11-23T06:59", False),
        ("Mon-Fri 07:00-19:00", "2026-11-23T19:00", False),
        ("Mon-Fri 07:00-19:00", "2026-11-28T12:00", False),
        ("Sat 22:00-06:00", "2026-11-28T23:00", True),
        ("Sat 22:00-06:00", "2026-11-29T05:59", True),
        ("Sat 22:00-06:00", "2026-11-28T05:59", False),
        ("Sun 22:00-06:00", "2026-11-23T03:00", True),  # Monday morning, begun on Sunday
        ("Fri-Mon 08:00-09:00", "2026-11-22T08:30", True),
        ("Tue,Thu 08:00-09:00", "2026-11-23T08:30", False),
        ("Daily 00:00-24:00", "2026-11-25T23:59", True),
    ],
)
def test_a_moment_is_in_a_window_or_not(window: str, now: str, expected: bool) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert open_hours.is_open((window,), "UTC", moment) is expected


def test_without_windows_it_is_always_open_and_any_of_several_is_enough() -> None:
    assert open_hours.is_open((), "UTC", MONDAY_NOON)
    assert open_hours.is_open(("Tue 01:00-02:00", "Mon 11:00-13:00"), "UTC", MONDAY_NOON)


def test_hours_are_those_of_the_sites_own_clock_in_summer_and_winter() -> None:
    hours = ("Daily 07:00-19:00",)
    summer = datetime(2026, 7, 6, 5, 30, tzinfo=UTC)  # 07:30 in Berlin
    winter = datetime(2026, 1, 5, 5, 30, tzinfo=UTC)  # 06:30 in Berlin
    assert open_hours.is_open(hours, "Europe/Berlin", summer)
    assert not open_hours.is_open(hours, "Europe/Berlin", winter)


@pytest.mark.parametrize(
    "text",
    ["", "always", "Mon Tue", "Mon 7:00-9:00", "Mon 07:00-07:00", "Mon 24:00-25:00",
     "Xyz 07:00-08:00", "Mon 07:61-08:00", "Mon-Fri 07:00 - 08:00", "24:00-07:00"],
)  # fmt: skip
def test_hours_that_cannot_be_read_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its text is what is looked at
        open_hours.parse(text)
    assert not text or text not in str(refused.value)


def test_the_next_opening_is_named() -> None:
    opens = open_hours.opens_next(("Mon-Fri 07:00-19:00",), "UTC", MONDAY_NOON)
    assert opens == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    friday_night = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
    opens = open_hours.opens_next(("Mon-Fri 07:00-19:00",), "UTC", friday_night)
    assert opens == datetime(2026, 11, 30, 7, 0, tzinfo=UTC)


def test_the_switch_comes_before_the_hours_and_a_site_that_is_gone_is_closed() -> None:
    site = make_site(enabled=False, open_hours=("Tue 01:00-02:00",))
    assert site_gate.closed_because(site, MONDAY_NOON) == "disabled"
    assert site_gate.closed_because(make_site(), MONDAY_NOON) is None
    with pytest.raises(SiteClosed) as closed:
        site_gate.require_open_by_id(MemorySites(sites=[]), SiteId("north"), step=Step.FHIR)
    assert closed.value.reason == "removed"
