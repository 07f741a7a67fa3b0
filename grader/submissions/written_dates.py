"""Read the dates that Moodle writes in words, in several languages, and none that could mean two days.

`grader.submissions.moodle_times` asks for each cell of a worksheet.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_LANGUAGES = """
en: january february march april may june july august september october november december
  : monday tuesday wednesday thursday friday saturday sunday
de: januar februar märz april mai juni juli august september oktober november dezember
  : montag dienstag mittwoch donnerstag freitag samstag sonntag
fr: janvier février mars avril mai juin juillet août septembre octobre novembre décembre
  : lundi mardi mercredi jeudi vendredi samedi dimanche
es: enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
  : lunes martes miércoles jueves viernes sábado domingo
it: gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
  : lunedì martedì mercoledì giovedì venerdì sabato domenica
pt: janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
  : segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo
nl: januari februari maart april mei juni juli augustus september oktober november december
  : maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
pl: stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
  : poniedziałek wtorek środa czwartek piątek sobota niedziela
cs: ledna února března dubna května června července srpna září října listopadu prosince
  : pondělí úterý středa čtvrtek pátek sobota neděle
sv: januari februari mars april maj juni juli augusti september oktober november december
  : måndag tisdag onsdag torsdag fredag lördag söndag
da: januar februar marts april maj juni juli august september oktober november december
  : mandag tirsdag onsdag torsdag fredag lørdag søndag
nb: januar februar mars april mai juni juli august september oktober november desember
  : mandag tirsdag onsdag torsdag fredag lørdag søndag
fi: tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu
  : maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai
tr: ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
  : pazartesi salı çarşamba perşembe cuma cumartesi pazar
ru: января февраля марта апреля мая июня июля августа сентября октября ноября декабря
  : понедельник вторник среда четверг пятница суббота воскресенье
"""
_FILLERS = frozenset({"de", "del", "at", "à", "às", "om", "kl", "den", "d", "uhr", "o", "klo", "um", "alle", "ore"})
_HALVES = frozenset({"am", "pm"})
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TIME = re.compile(r"(?<![\d.:])(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?![\d.:])")
_NUMBER = re.compile(r"\d+")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[ t]\d{2}:\d{2}(?::\d{2})?")
_YEARS = range(2000, 2100)
_MOST_LETTERS = 80


@dataclass(frozen=True, slots=True)
class _Language:
    """Hold the names of months and weekdays, in their order."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]


def _languages() -> Sequence[_Language]:
    names = [tuple(line.partition(":")[2].split()) for line in _LANGUAGES.strip().split("\n")]
    return [_Language(*pair) for pair in zip(names[::2], names[1::2], strict=True)]


_KNOWN = _languages()


def read_date(text: str) -> float | None:
    """Return a time in words as seconds since 1970, as if its clock were in UTC; None for what can't be read for sure.

    A date has its weekday, which has to fit, and the name of its month, in one language: `Friday, 20 November 2026,
    11:58 PM`. Beside those only `2026-11-20 23:58` is read; `11/12/2026` may be two days.
    """
    plain = unicodedata.normalize("NFC", text).strip().casefold()
    if len(plain) > _MOST_LETTERS:
        return None
    if _ISO.fullmatch(plain):
        return _seconds_of_iso(plain)
    plain = re.sub(r"\b([ap])\.\s?m\.", r"\1m", plain.replace("i̇", "i"))
    words = _WORD.findall(plain)
    found = {_in_language(plain, words, language) for language in _KNOWN} - {None}
    return found.pop() if len(found) == 1 else None


def _seconds_of_iso(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _in_language(text: str, words: Sequence[str], language: _Language) -> float | None:
    """Return the seconds of a date in one language, None where it is in none or in another one."""
    months = [language.months.index(word) + 1 for word in words if word in language.months]
    weekdays = [language.weekdays.index(word) for word in words if word in language.weekdays]
    halves = [word for word in words if word in _HALVES]
    known = {*language.months, *language.weekdays, *_FILLERS, *_HALVES}
    times = _TIME.findall(text)
    if not set(words) <= known or not len(months) == len(weekdays) == len(times) == 1 or len(halves) > 1:
        return None
    numbers = [int(one) for one in _NUMBER.findall(_TIME.sub(" ", text))]
    if len(numbers) != 2:
        return None
    day, year = sorted(numbers)
    hour = _hour(int(times[0][0]), *halves)
    if year not in _YEARS or hour is None:
        return None
    try:
        when = datetime(year, months[0], day, hour, int(times[0][1]), int(times[0][2] or 0), tzinfo=UTC)
    except ValueError:
        return None
    return when.timestamp() if when.weekday() == weekdays[0] else None


def _hour(hour: int, half: str = "") -> int | None:
    """Return the hour of a day's 24, None for one that no clock shows."""
    if not half:
        return hour
    return hour % 12 + (12 if half == "pm" else 0) if 1 <= hour <= 12 else None
