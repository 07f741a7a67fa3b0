"""Makes text that strangers wrote, and numbers, fit to show: nothing hidden, nothing endless.

`grader.export` puts the result into cells, `grader.report` into pages (which escape it for HTML as well).
"""

import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_CONTROL = re.compile(r"[\t\n\u2028\u2029]")
# Bidi controls, and characters that nobody sees (joiners stay: some scripts need them).
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Return `text` with every control or invisible character replaced by something that can be seen.

    Newlines and tabs stay, `\r\n` and `\r` become newlines, colour codes of terminals are dropped, lone
    surrogates become U+FFFD: the result can always be encoded as UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub(_picture, text)
    text = _INVISIBLE.sub(_code_point, text)
    return _SURROGATE.sub("\ufffd", text)


def visible_line(text: str) -> str:
    """Return `text` as `visible` does, with newlines and tabs replaced as well: it stays on one line."""
    return _LINE_CONTROL.sub(_picture, visible(text))


def shortened(text: str, limit: int) -> str:
    """Return about `limit` characters of `text`: three quarters from its start, the rest from its end."""
    left_out = len(text) - limit
    if left_out <= 0:
        return text
    head = limit * 3 // 4
    return f"{text[:head]}\n… {left_out:,} characters left out …\n{text[head + left_out :]}"


def number(value: float) -> str:
    """Return `value` with at most two decimals and no trailing zeros: `7.5`, `10`, `66.67`."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else _code_point(match)


def _code_point(match: re.Match[str]) -> str:
    return f"[U+{ord(match[0]):04X}]"
