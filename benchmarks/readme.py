"""The table of speed in the README, written from records between two marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .report import LIMIT, OURS, aligned, best_rival, by_case, called, time_text, use

__all__ = ["BEGIN", "END", "SHOWN", "replaced", "shown", "table", "write"]

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- speed: written by `python -m benchmarks readme` -->"
END = "<!-- speed: end -->"

LEAST = 0.1  # less than this share is no limit: calls, or functions, take the time

# What is shown, and how a reader would call it.
SHOWN = {
    ("call_vec8", "8"): "a call: x + 1 on 8 doubles",
    ("call_3in_3out", "8"): "a call: three vectors in, three out",
    ("poly", "1e5"): "2x³ + 3x² − 4x + 5, 10⁵ doubles",
    ("transc", "1e5"): "exp, log1p, tanh, sin in one formula, 10⁵",
    ("special", "1e5"): "erf x + gammaln(x² + 1), 10⁵",
    ("logsumexp1", "512"): "log-sum-exp of rows, 512 × 512",
    ("softmax_xent", "32x10"): "softmax loss + gradient, 32 × 10",
    ("softmax_xent", "2048x1000"): "softmax loss + gradient, 2048 × 1000",
    ("layernorm", "2048x1024"): "layer norm + gradients, 2048 × 1024",
    ("logreg", "100x5"): "logistic regression + gradient, 100 × 5",
    ("logreg", "10000x100"): "logistic regression + gradient, 10⁴ × 100",
    ("logreg", "200000x200"): "logistic regression + gradient, 2·10⁵ × 200",
    ("radon", "919/85"): "hierarchical model + gradient, 919 rows",
    ("rosen_hess", "50"): "Hessian of Rosenbrock's function, n = 50",
    ("sqdist", "1000"): "squared distances of 1000 points",
    ("bmm", "1000x4"): "1000 products of 4 × 4 matrices",
    ("mlp_sgd", "mnist"): "network training step, 128 × 784-512-10",
    ("gp_mll", "500"): "Gaussian process + gradient, n = 500",
}


def shown(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the cases of the README only, in their order; all, if it has none."""
    order = list(SHOWN)
    rows = [row for row in record["results"] if (row["workload"], row["size"]) in SHOWN]
    rows.sort(key=lambda row: order.index((row["workload"], row["size"])))
    return {**record, "results": rows} if rows else record


def table(record: dict[str, Any], key: str = "least") -> str:
    """Return the table, and a line that says where, when and how it was measured."""
    limits, cases = record.get("limits"), by_case(record)
    lines = [["workload", "pytensorlite", "C by hand", "NumPy", "best rival", "of the machine"]]
    for case, text in SHOWN.items():
        row = cases.get(case, {})
        if OURS not in row:
            continue
        rival = best_rival(row, key)
        times = [
            time_text(row[name][key]) if name in row else "–" for name in (OURS, LIMIT, "numpy")
        ]
        best = f"{time_text(rival[1])} {called(rival[0])}" if rival else "–"
        part, words = use(row[OURS], limits, key) if limits else (0.0, "–")
        lines.append([text, *times, best, words if part >= LEAST else "–"])
    machine = record["machine"]
    threads = "One core" if record["threads"] == 1 else f"{record['threads']} cores"
    versions = ", ".join(
        f"{called(name)} {found['version']}"
        for name, found in record["versions"].items()
        if name not in (OURS, LIMIT) and "version" in found
    )
    rounds = {"least": "the least", "median": "the median", "cpu": "the least processor time"}[key]
    note = (
        f"{threads} of {machine['processor']}, {rounds} of {record['rounds']} interleaved rounds, "
        f"{machine['date']}. {versions}."
    )
    return f"{aligned(lines)}\n\n{note}"


def replaced(text: str, made: str) -> str:
    """Return a text with what stands between the marks replaced.

    Raises
    ------
    ValueError
        When the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README lacks the line {(BEGIN if not begin else END)!r}")
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def write(record: dict[str, Any], key: str) -> None:
    """Write the table into the README."""
    README.write_text(replaced(README.read_text(), table(record, key)))
