"""Sizes and times as people write them."""

from __future__ import annotations

__all__ = ["format_age", "format_bytes", "parse_age", "parse_bytes"]

_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
          "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}  # fmt: skip
_SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}


def parse_bytes(text: str | int) -> int:
    """The number of bytes that `text` means.

    Examples
    --------
    >>> parse_bytes("1GB"), parse_bytes("512 KiB"), parse_bytes("1.5m"), parse_bytes(20)
    (1000000000, 524288, 1500000, 20)
    """
    if isinstance(text, int):
        number, unit = float(text), ""
    else:
        number, unit = _split(text, "a size such as 500MB or 2GiB")
        unit = unit.removesuffix("b")
    if unit not in _BYTES or number < 0:
        raise ValueError(f"expected a size such as 500MB or 2GiB, got {text!r}")
    return int(number * _BYTES[unit])


def format_bytes(count: float) -> str:
    """Bytes in the largest unit that leaves a number of at least one.

    Examples
    --------
    >>> format_bytes(999), format_bytes(15_088), format_bytes(1e9)
    ('999 B', '15.1 kB', '1.0 GB')
    """
    if count < 1000:
        return f"{int(count)} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def parse_age(text: str) -> float:
    """The number of seconds that `text` means.

    Examples
    --------
    >>> parse_age("30d"), parse_age("1.5 h"), parse_age("90")
    (2592000.0, 5400.0, 90.0)
    """
    number, unit = _split(text, "an age such as 30d, 12h or 90min")
    if unit not in _SECONDS or number < 0:
        raise ValueError(f"expected an age such as 30d, 12h or 90min, got {text!r}")
    return number * _SECONDS[unit]


def format_age(seconds: float) -> str:
    """Seconds in one rounded unit.

    Examples
    --------
    >>> format_age(4.2), format_age(7300), format_age(-1)
    ('4 s', '2 h', '0 s')
    """
    for unit in ("y", "w", "d", "h", "min"):
        if seconds >= _SECONDS[unit] * (2 if unit == "w" else 1):
            return f"{seconds / _SECONDS[unit]:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _split(text: str, expected: str) -> tuple[float, str]:
    stripped = text.strip().lower()
    digits = len(stripped) - len(stripped.lstrip("0123456789.,"))
    try:
        return float(stripped[:digits].replace(",", "")), stripped[digits:].strip()
    except ValueError:
        raise ValueError(f"expected {expected}, got {text!r}") from None
