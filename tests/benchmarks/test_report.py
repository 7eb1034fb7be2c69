"""Ratios, shares and verdicts of records that were made up."""

import pytest

from benchmarks import report

LIMITS = {
    "L1 bytes": 32e3, "L2 bytes": 1e6, "L3 bytes": 16e6, "L1 copy": 400.0, "L2 copy": 200.0,
    "L3 copy": 100.0, "memory copy": 20.0, "L2 read": 250.0, "fma": 80.0,
    "gemm": 50.0, "gemm_f32": 100.0,
}  # fmt: skip


def row(workload, contender, seconds, **more):
    times = {"median": seconds * 1.1, "least": seconds, "cpu": seconds}
    return {"workload": workload, "size": "1e3", "contender": contender, **times, **more}


def record(*rows):
    names = list(dict.fromkeys(r["contender"] for r in rows))
    return {"versions": {name: {} for name in names}, "skipped": {}, "results": list(rows)}


def cells(table):
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.994e-9, "9.99 ns"), (99.95e-9, "100 ns"), (1.5e-6, "1.50 µs"), (999.6e-6, "1.00 ms"),
     (0.25, "250 ms"), (2.5, "2.50 s")],
)  # fmt: skip
def test_durations_have_three_figures(seconds, text):
    assert report.time_text(seconds) == text


def test_ours_over_the_kernel_and_the_best_rival_over_ours():
    found = record(
        row("poly", "pytensorlite", 2e-6), row("poly", "c", 1e-6), row("poly", "numpy", 9e-6),
        row("poly", "jax", 5e-6),
    )  # fmt: skip
    _, _, line = cells(report.table(found, "least"))
    assert line == ["poly 1e3", "2.00 µs", "1.00 µs", "9.00 µs", "5.00 µs", "2.00", "2.50 jax"]


def test_what_was_not_measured_is_a_dash():
    found = record(row("poly", "pytensorlite", 2e-6), {**row("sum", "numpy", 1e-6)})
    assert cells(report.table(found, "least"))[3] == ["sum 1e3", "–", "1.00 µs", "–", "–"]


@pytest.mark.parametrize(
    ("size", "place"), [(32e3, "L1"), (33e3, "L2"), (16e6, "L3"), (17e6, "memory")]
)
def test_data_is_where_it_fits(size, place):
    assert report.place(size, LIMITS) == place


def test_a_share_is_of_what_the_workload_does():
    times = {"least": 1e-6}
    copied = {"bytes": 1e5, "limit": "copy", **times}
    assert report.use(copied, LIMITS, "least") == (0.5, "100.0 GB/s, 50% of L2")
    assert report.use({"bytes": 1e5, **times}, LIMITS, "least") == (
        0.4, "100.0 GB/s, 40% of L2",
    )  # fmt: skip
    both = {"bytes": 1e4, "flops": 4e4, **times}
    assert report.use(both, {**LIMITS, "L1 read": 400.0}, "least") == (
        0.5, "40.0 GFLOP/s, 50% of fma",
    )  # fmt: skip
    product = {"bytes": 1e6, "flops": 1e4, "itemsize": 4, "limit": "gemm", **times}
    assert report.use(product, LIMITS, "least") == (0.1, "10.0 GFLOP/s, 10% of gemm")


def test_absent_and_failing_contenders_are_named():
    found = record({"workload": "poly", "size": "1e3", "contender": "jax", "failed": "no memory"})
    found["skipped"] = {"torch": "not installed"}
    assert report.failures(found) == [
        "skipped: torch (not installed)",
        "failed: jax on poly 1e3: no memory",
    ]


def test_a_comparison_puts_the_largest_slowdown_first_and_judges():
    before = record(row("a", "pytensorlite", 1e-6), row("b", "pytensorlite", 1e-6),
                    row("c", "pytensorlite", 1e-6), row("b", "numpy", 1e-6))  # fmt: skip
    after = record(row("a", "pytensorlite", 1.04e-6), row("b", "pytensorlite", 2e-6),
                   row("c", "pytensorlite", 0.5e-6), row("b", "numpy", 1e-6))  # fmt: skip
    found = report.compare(before, after, "least", 0.1)
    assert [(c.workload, c.contender, c.verdict) for c in found] == [
        ("b", "pytensorlite", "SLOWER"), ("a", "pytensorlite", "same"),
        ("b", "numpy", "same"), ("c", "pytensorlite", "faster"),
    ]  # fmt: skip
    first = cells(report.comparison(found))[2]
    assert first == ["b 1e3", "pytensorlite", "1.00 µs", "2.00 µs", "2.00", "SLOWER"]
