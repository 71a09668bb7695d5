"""Dates and times as distance from the question (Safe Harbor: no date element leaves)."""

from datetime import date, datetime, timedelta


def describe_days(day: date, question: date) -> str:
    """Return "6 days before": days up to one year, then years (DETAILS 8)."""
    days = (day - question).days
    side = "before" if days < 0 else "after"
    count = abs(days)
    if count == 0:
        return "same day"
    if count <= 365:
        return f"{count} day{'' if count == 1 else 's'} {side}"
    years = max(1, round(count / 365.25))
    return f"{years} year{'' if years == 1 else 's'} {side}"


def describe_moment(moment: datetime, question: datetime) -> str:
    """Return "45 min before", "3.5 h before"; beyond 72 h as :func:`describe_days`."""
    distance = moment - question
    side = "before" if distance < timedelta(0) else "after"
    minutes = round(abs(distance) / timedelta(minutes=1))
    if minutes > 72 * 60:
        return describe_days(moment.date(), question.date())
    if minutes < 120:
        return f"{minutes} min {side}"
    hours = f"{minutes / 60:.1f}".removesuffix(".0")
    return f"{hours} h {side}"


def describe_month(year: int, month: int, question: date) -> str:
    """Return "about 5 months before"; from one year on in years."""
    months = (year - question.year) * 12 + month - question.month
    side = "before" if months < 0 else "after"
    count = abs(months)
    if count == 0:
        return "same month"
    if count < 12:
        return f"about {count} month{'' if count == 1 else 's'} {side}"
    years = max(1, round(count / 12))
    return f"about {years} year{'' if years == 1 else 's'} {side}"
