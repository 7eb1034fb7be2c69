"""JSON files that know whether they are whole, and are what they say they are.

A sealed file holds `body`, an object, and `sha256`, the digest of the body in canonical spelling.
Everything the cache reads back comes this way: a file that is short, empty, altered or not JSON
at all reads as None, never as a wrong value, and nothing read can run.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

try:  # `hashlib` loads OpenSSL first, which takes a third of a warm start
    from _sha2 import sha256  # type: ignore[import-not-found]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # before Python 3.12
    except ImportError:
        from hashlib import sha256

__all__ = ["digest", "read_sealed", "sha256", "unseal", "write_private", "write_sealed"]

_LARGEST = 64 << 20  # bytes; a file beyond this was not written by us


def digest(*pieces: str | bytes) -> str:
    """SHA-256 of the pieces and of where each one ends, in hexadecimal.

    Examples
    --------
    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    state = sha256()
    for piece in pieces:
        data = piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


def read_sealed(path: str) -> dict[str, Any] | None:
    """The body of the sealed file at `path`; None when there is none or it is not whole."""
    try:
        with open(path, "rb") as file:
            return unseal(file.read(_LARGEST))
    except OSError:
        return None


def unseal(text: bytes) -> dict[str, Any] | None:
    """The body of a sealed text; None when it is not whole.

    Examples
    --------
    >>> unseal(b'{"body": {}, "sha256": "?"}') is None
    True
    """
    try:
        sealed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(sealed, dict) or sealed.keys() != {"body", "sha256"}:
        return None
    body = sealed["body"]
    whole = isinstance(body, dict) and sealed["sha256"] == digest(_canonical(body))
    return body if whole else None


def write_sealed(path: str, body: dict[str, Any]) -> int:
    """Write `body` to `path` in one step, readable by its owner only; return the size in bytes."""
    text = json.dumps({"body": body, "sha256": digest(_canonical(body))}, indent=1)
    data = text.encode() + b"\n"
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.part"
    try:
        write_private(temporary, data)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return len(data)


def write_private(path: str, data: bytes) -> None:
    """Write a new file with mode 0600, whatever the umask."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)


def _canonical(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
