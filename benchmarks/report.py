"""Tables of a run, of two runs, and the README's."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["LIMIT", "OURS", "Change", "aligned", "best_rival", "by_case", "called", "compare",
           "comparison", "failures", "place", "table", "time_text", "use"]  # fmt: skip

OURS = "pytensorlite"
LIMIT = "c"


NAMES = {
    LIMIT: "C by hand", "numpy": "NumPy", "jax": "JAX", "jax-dev": "JAX, on device",
    "torch": "torch.compile", "numba": "Numba", "pytensor": "PyTensor",
    "pytensor-c": "PyTensor C", "pytensor-numba": "PyTensor Numba",
}  # fmt: skip


def called(contender: str, row: dict[str, Any] | None = None) -> str:
    """Return a contender's name as a reader knows it, and on one case as that result deserves."""
    if row and row.get("partial"):
        return "BLAS, LAPACK alone"
    return NAMES.get(contender, contender)


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
    """Return the fastest rival: not ours, nor C by hand, nor what a person derived for NumPy."""
    others = {name: r[key] for name, r in row.items() if name not in (OURS, LIMIT, "numpy")}
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
            line.append(use(row[OURS], limits, key)[1] if ours else "–")
        lines.append(line)
    return aligned(lines)


def place(working_set: float, limits: dict[str, float]) -> str:
    """Return the innermost place that holds so many bytes: ``L1``, ``L2``, ``L3`` or ``memory``."""
    return next((n for n in CACHES if working_set <= limits.get(f"{n} bytes", 0)), "memory")


def use(row: dict[str, Any], limits: dict[str, float], key: str) -> tuple[float, str]:
    """Return the share of the machine's bandwidth or arithmetic, the larger, and say it in words.

    The bandwidth is that of reading, copying or the triad, as the workload does, where its data
    fits; the arithmetic is that of multiply-adds, or of BLAS where BLAS does the work.
    """
    shares, limit = [], row.get("limit", "read")
    if row.get("bytes") and limit != "gemm":
        rate, where = row["bytes"] / row[key] / 1e9, place(row["bytes"], limits)
        part = rate / limits[f"{where} {limit}"]
        shares.append((part, f"{rate:.1f} GB/s, {part:.0%} of {where}"))
    if row.get("flops"):
        rate, peak = row["flops"] / row[key] / 1e9, "gemm" if limit == "gemm" else "fma"
        part = rate / limits[f"{peak}_f32" if row.get("itemsize") == 4 else peak]
        shares.append((part, f"{rate:.1f} GFLOP/s, {part:.0%} of {peak}"))
    return max(shares, default=(0.0, "–"))


CACHES = ("L1", "L2", "L3")


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


class Change(NamedTuple):
    """How one contender's time on one case changed."""

    workload: str
    size: str
    contender: str
    before: float
    after: float
    verdict: str

    @property
    def ratio(self) -> float:
        """The time after, over the time before."""
        return self.after / self.before


def compare(
    before: dict[str, Any], after: dict[str, Any], key: str = "least", tolerance: float = 0.1
) -> list[Change]:
    """Return how the contenders' times changed, the largest slowdown first."""
    old, changes = by_case(before), []
    for case, row in by_case(after).items():
        for name, result in row.items():
            if was := old.get(case, {}).get(name):
                ratio = result[key] / was[key]
                verdict = "SLOWER" if ratio > 1 + tolerance else "same"
                verdict = "faster" if ratio < 1 / (1 + tolerance) else verdict
                changes.append(Change(*case, name, was[key], result[key], verdict))
    return sorted(changes, key=lambda change: -change.ratio)


def comparison(changes: list[Change]) -> str:
    """Return the changes as a table."""
    lines = [["workload", "contender", "before", "after", "after / before", "verdict"]]
    for each in changes:
        times = [time_text(each.before), time_text(each.after), f"{each.ratio:.2f}"]
        label = f"{each.workload} {each.size}".strip()
        lines.append([label, each.contender, *times, each.verdict])
    return aligned(lines)
