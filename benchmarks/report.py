"""Tables of a run, of two runs, and the README's."""

from __future__ import annotations

from typing import Any

__all__ = ["compare", "failures", "table", "time_text"]

OURS = "pytensorlite"
LIMIT = "c"


def time_text(seconds: float) -> str:
    """Write a duration with three figures: ns, µs, ms or s."""
    for unit, scale in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)):
        if seconds * scale < 999.5:
            value = seconds * scale
            return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f} {unit}"
    return f"{seconds:.2f} s"


def by_case(record: dict[str, Any]) -> dict[tuple[str, str], dict[str, dict]]:
    """Return (workload, size) → contender → result, of those that were measured."""
    cases: dict[tuple[str, str], dict[str, dict]] = {}
    for row in record["results"]:
        case = cases.setdefault((row["workload"], row["size"]), {})
        if "median" in row:
            case[row["contender"]] = row
    return cases


def best_rival(row: dict[str, dict], key: str) -> tuple[str, float] | None:
    """Return the fastest contender that is neither we nor the kernel written by hand."""
    others = {name: r[key] for name, r in row.items() if name not in (OURS, LIMIT)}
    name = min(others, key=others.__getitem__, default=None)
    return (name, others[name]) if name else None


def table(record: dict[str, Any], key: str = "median") -> str:
    """Return the figures of a run, with ratios and shares of the machine's limits."""
    names = list(record["versions"])
    limits = record.get("limits")
    head = ["workload", *names, "ours / C", "best rival / ours"]
    lines = [head + (["of the machine"] if limits else [])]
    for (workload, size), row in by_case(record).items():
        line = [f"{workload} {size}".strip()]
        line += [time_text(row[n][key]) if n in row else "–" for n in names]
        ours = row.get(OURS, {}).get(key)
        line.append(f"{ours / row[LIMIT][key]:.2f}" if ours and LIMIT in row else "–")
        rival = best_rival(row, key)
        line.append(f"{rival[1] / ours:.2f} {rival[0]}" if ours and rival else "–")
        if limits:
            line.append(share(row[OURS], limits, key) if ours else "–")
        lines.append(line)
    return aligned(lines)


def share(row: dict[str, Any], limits: dict[str, float], key: str) -> str:
    """Say which share of the machine's bandwidth or arithmetic a result uses."""
    pieces = []
    if row.get("bytes"):
        rate = row["bytes"] / row[key] / 1e9
        level = next((n for n, b in CACHES if row["bytes"] <= limits.get(b, 0)), "memory")
        pieces.append(f"{rate:.1f} GB/s, {rate / limits[level]:.0%} of {level}")
    if row.get("flops") and row["flops"] > 4 * row.get("bytes", 0):
        rate = row["flops"] / row[key] / 1e9
        pieces.append(f"{rate:.1f} GFLOP/s, {rate / limits['gemm']:.0%} of gemm")
    return "; ".join(pieces) or "–"


CACHES = [("L2", "L2 bytes"), ("L3", "L3 bytes")]


def aligned(lines: list[list[str]]) -> str:
    """Return a Markdown table whose columns stand under each other in plain text too."""
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    rows = []
    for number, line in enumerate(lines):
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        rows.append("| " + " | ".join(cells) + " |")
        if number == 0:
            rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
            rows.append("| " + " | ".join(rule) + " |")
    return "\n".join(rows)


def failures(record: dict[str, Any]) -> list[str]:
    """Return a line for every contender that is absent and every result that is missing."""
    lines = [f"skipped: {name} ({why})" for name, why in record["skipped"].items()]
    for row in record["results"]:
        if "failed" in row:
            case = f"{row['workload']} {row['size']}".strip()
            lines.append(f"failed: {row['contender']} on {case}: {row['failed']}")
    return lines


def compare(before: dict[str, Any], after: dict[str, Any], key: str = "least") -> str:
    """Return how the contenders' times changed, the largest slowdown first."""
    old, changes = by_case(before), []
    for case, row in by_case(after).items():
        for name, result in row.items():
            was = old.get(case, {}).get(name)
            if was:
                changes.append((result[key] / was[key], case, name, was[key], result[key]))
    lines = [["workload", "contender", "before", "after", "after / before"]]
    for ratio, case, name, was, now in sorted(changes, reverse=True):
        label = " ".join(case).strip()
        lines.append([label, name, time_text(was), time_text(now), f"{ratio:.2f}"])
    return aligned(lines)
