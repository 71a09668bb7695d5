"""The ways to write a date of birth, as search keys: folded letters and digits, nothing else."""

from datetime import date

from deid.lexicon import word_set

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
#: the month's name in German, French, Spanish, Italian, Portuguese, Dutch and Polish (folded)
_ABROAD = (
    "januar janvier enero gennaio janeiro januari stycznia",
    "februar fevrier febrero febbraio fevereiro februari lutego",
    "marz mars marzo marco maart marca",
    "april avril abril aprile kwietnia",
    "mai mayo maggio maio mei maja",
    "juni juin junio giugno junho czerwca",
    "juli juillet julio luglio julho lipca",
    "august aout agosto augustus sierpnia",
    "september septembre septiembre settembre setembro wrzesnia",
    "oktober octobre octubre ottobre outubro pazdziernika",
    "november novembre noviembre novembro listopada",
    "dezember decembre diciembre dicembre dezembro december grudnia",
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_DAYS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth", "twentyfirst", "twentysecond", "twentythird",
    "twentyfourth", "twentyfifth", "twentysixth", "twentyseventh", "twentyeighth", "twentyninth",
    "thirtieth", "thirtyfirst",
)  # fmt: skip
_SMALL = (
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def full_dates(day: date) -> set[str]:
    """Return the usual ways to write ``day`` with its year, short years included."""
    year, short = f"{day.year:04d}", f"{day.year % 100:02d}"
    month, number = str(day.month), str(day.day)
    month2, number2 = f"{day.month:02d}", f"{day.day:02d}"
    keys = {year + month2 + number2, year + month + number, short + month2 + number2}
    roman = _ROMAN[day.month - 1]
    for y in (year, short):
        for m, d in ((month2, number2), (month, number), (month2, number), (month, number2)):
            keys.update((m + d + y, d + m + y))
        keys.update((number + roman + y, number2 + roman + y))
    spoken = _year_in_words(day.year)
    for name in _month_names(day.month):
        for d in {number, number2}:
            keys.update((name + d + year, name + d + short, d + name + year, d + name + short))
            keys.add(year + name + d)
        for d in (_ordinal(day.day), _DAYS[day.day - 1]):
            for y in (year, spoken):
                keys.update((name + d + y, d + name + y, f"{d}of{name}{y}", f"{name}the{d}{y}"))
    for name in word_set(_ABROAD[day.month - 1]):
        keys.update((number + name + year, number2 + name + year, f"{number}de{name}de{year}"))
    return keys


def dates_after_cue(day: date) -> set[str]:
    """Return the ways to write ``day`` that mean it only after a word such as "born"."""
    month, number = f"{day.month:02d}", f"{day.day:02d}"
    short = f"{day.year % 100:02d}"
    keys = {month + number, number + month, f"{day.month}{day.day}", f"{day.day}{day.month}"}
    keys.update((month + number + short, number + month + short, short + month + number))
    for name in _month_names(day.month):
        for d in {str(day.day), number}:
            keys.update((name + d, d + name))
        for d in (_ordinal(day.day), _DAYS[day.day - 1]):
            keys.update((name + d, d + name, f"{d}of{name}", f"{name}the{d}"))
    return keys


def _month_names(month: int) -> tuple[str, ...]:
    name = _MONTHS[month - 1]
    short = (name, name[:3])
    return (*short, "sept") if month == 9 else short


def _ordinal(day: int) -> str:
    if day in (11, 12, 13):
        return f"{day}th"
    return f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th') }"


def _year_in_words(year: int) -> str:
    """Return "nineteenfiftynine", "twothousandfour"; centuries as people say them."""
    century, rest = divmod(year, 100)
    tail = _SMALL[rest] if rest < 20 else _TENS[rest // 10] + _SMALL[rest % 10]
    if century == 20 and rest < 10:
        return "twothousand" + tail
    head = _SMALL[century] if century < 20 else _TENS[century // 10] + _SMALL[century % 10]
    return head + (tail or "hundred")
