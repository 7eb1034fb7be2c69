"""The parts of `pytensorlite-cache` that change nothing, but for `verify --fix`."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from pytensorlite.cgen import upkeep
from pytensorlite.cgen.units import format_age, format_bytes
from pytensorlite.commands.opening import cache_place, find_key, open_cache, short, wants_json
from pytensorlite.commands.text import print_json, print_table

__all__ = ["directory", "info", "list_entries", "show", "stats", "verify"]


def directory(options: argparse.Namespace) -> int:
    """Print where the cache is."""
    place = cache_place(options)
    print_json({"directory": place}) if wants_json(options) else print(place)
    return 0


def info(options: argparse.Namespace) -> int:
    """Where the cache is and what it holds."""
    cache = open_cache(options)
    size = upkeep.count_bytes(cache)
    facts = {
        "directory": cache.directory,
        "programs": len(cache.entry_keys()),
        "records": len(cache.record_keys()),
        "failed": len(upkeep.listed(cache.path("failed"))),
        "bytes": size,
        "max_bytes": cache.max_bytes,
        "writable": os.access(cache.directory, os.W_OK),
    }
    if wants_json(options):
        print_json(facts)
        return 0
    share = 100 * size / cache.max_bytes if cache.max_bytes else 0
    print(f"directory  {cache.directory}{'' if facts['writable'] else ' (read-only)'}")
    print(f"programs   {facts['programs']}")
    print(f"records    {facts['records']}")
    if facts["failed"]:
        print(f"failed     {facts['failed']} (kept in {cache.path('failed')})")
    print(f"size       {format_bytes(size)} of {format_bytes(cache.max_bytes)} ({share:.0f} %)")
    return 0


def list_entries(options: argparse.Namespace) -> int:
    """One line for each program."""
    rows = upkeep.rows(open_cache(options))
    order = {"used": lambda r: -r.used, "created": lambda r: -r.created,
             "size": lambda r: -r.bytes, "label": lambda r: r.label}  # fmt: skip
    rows.sort(key=order[options.sort])
    if wants_json(options):
        print_json(upkeep.as_json(rows))
        return 0
    if not rows:
        print("the cache is empty")
        return 0
    now = time.time()
    print_table(
        ("key", "size", "used", "compiled", "compiler", "label"),
        [
            (short(row.key), format_bytes(row.bytes), format_age(now - row.used) + " ago",
             f"{row.seconds:.2f} s", row.compiler, row.trouble or row.label)
            for row in rows
        ],
        right="size used compiled",
    )  # fmt: skip
    return 0


def show(options: argparse.Namespace) -> int:
    """All that is known about one program, or one of its texts."""
    cache = open_cache(options)
    entry, trouble = cache.inspect(find_key(cache, options.key))
    if entry is None:
        raise ValueError(f"{options.key}: {trouble}; `pytensorlite-cache verify --fix` removes it")
    texts = {
        "source": "".join(entry.sources().values()),
        "graph": entry.text("graph.txt"),
        "log": entry.text("build.log"),
    }
    if options.part:
        text = texts[options.part]
        if wants_json(options):
            print_json({options.part: text})
        else:
            print(text.rstrip("\n") or f"no {options.part} was stored with this program")
        return 0
    facts = {**entry.meta, "trouble": trouble, "directory": entry.directory}
    if wants_json(options):
        print_json({**facts, **texts})
        return 0
    compiler = entry.meta["compiler"]
    facts["bytes"] = format_bytes(entry.meta["bytes"])
    facts["created"] = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.meta["created"]))
    facts["seconds"] = f"{entry.meta['seconds']:.3f}"
    version = f"{compiler['family']} {compiler['version']} for {compiler['target']}"
    facts["compiler"] = f"{' '.join(compiler['command'])} ({version})"
    facts["flags"] = " ".join(entry.meta["flags"])
    for name, value in facts.items():
        if value:
            print(f"{name:10} {value}")
    return 0


def stats(options: argparse.Namespace) -> int:
    """Sizes, ages and compile times."""
    rows = upkeep.rows(open_cache(options))
    now = time.time()
    compilers: dict[str, int] = {}
    for row in rows:
        compilers[row.compiler or "unknown"] = compilers.get(row.compiler or "unknown", 0) + 1
    facts: dict[str, Any] = {
        "programs": len(rows),
        "bytes": sum(row.bytes for row in rows),
        "median_bytes": sorted(row.bytes for row in rows)[len(rows) // 2] if rows else 0,
        "compile_seconds": sum(row.seconds for row in rows),
        "slowest_seconds": max((row.seconds for row in rows), default=0.0),
        "used_last_day": sum(now - row.used < 86_400 for row in rows),
        "used_last_month": sum(now - row.used < 30 * 86_400 for row in rows),
        "compilers": compilers,
        "largest": upkeep.as_json(sorted(rows, key=lambda row: -row.bytes)[:5]),
    }
    if wants_json(options):
        print_json(facts)
        return 0
    print(f"programs      {facts['programs']}")
    size, median = format_bytes(facts["bytes"]), format_bytes(facts["median_bytes"])
    print(f"size          {size}, median {median}")
    total, longest = facts["compile_seconds"], facts["slowest_seconds"]
    print(f"compile time  {total:.2f} s in all, {longest:.2f} s the longest")
    day, month = facts["used_last_day"], facts["used_last_month"]
    print(f"used          {day} within a day, {month} within 30 days")
    for name, count in sorted(compilers.items()):
        print(f"compiler      {name}: {count}")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Compare everything with its checksums; exit code 1 when something damaged stays."""
    cache = open_cache(options)
    problems = upkeep.verify(cache, fix=options.fix)
    if wants_json(options):
        print_json({"programs": len(cache.entry_keys()), "problems": upkeep.as_json(problems)})
    else:
        for problem in problems:
            done = " (removed)" if problem.fixed else ""
            print(f"{problem.kind} {short(problem.key)}: {problem.trouble}{done}")
        print(f"{len(problems)} damaged, {len(cache.entry_keys())} programs in the cache")
    return 0 if all(problem.fixed for problem in problems) else 1
