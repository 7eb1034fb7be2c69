"""Is a shared object whole?

The dynamic linker maps what the headers promise and does not look whether the file is that long;
touching the missing part ends the process with SIGBUS.  So the promise is checked first.
"""

from __future__ import annotations

import os
import struct

__all__ = ["is_whole"]

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # Elf64_Ehdr, little-endian
_SEGMENT = struct.Struct("<IIQQQQQQ")  # Elf64_Phdr
_LOAD = 1
_SHARED = 3
# Mach-O, 64 bits, as it stands in memory; macOS itself refuses files cut short.
_MACH_MAGIC = b"\xcf\xfa\xed\xfe"


def is_whole(path: str) -> bool:
    """Whether the file at `path` is a 64-bit shared object with all that its headers promise."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEADER.size)
            if head[:4] == _MACH_MAGIC:
                return True
            if len(head) < _HEADER.size or head[:6] != b"\x7fELF\x02\x01":
                return False
            (_, kind, _, _, _, segments_at, sections_at, _, _, segment_size, segments,
             section_size, sections, _) = _HEADER.unpack(head)  # fmt: skip
            if kind != _SHARED or not segments or segment_size != _SEGMENT.size:
                return False
            if max(segments_at + segments * segment_size,
                   sections_at + sections * section_size) > size:  # fmt: skip
                return False
            file.seek(segments_at)
            table = file.read(segments * segment_size)
    except OSError:
        return False
    loaded = [entry for entry in _SEGMENT.iter_unpack(table) if entry[0] == _LOAD]
    # (type, flags, offset, address, physical address, size in the file, ...)
    return bool(loaded) and all(entry[2] + entry[5] <= size for entry in loaded)
