"""`python -m benchmarks`: run, compare, guard, list, limits, builds, growth."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from . import builds, guard, limits, measure, ops, report
from .contenders import BUILDERS
from .workload import Case, cases, load

DEFAULT = "pytensorlite,c,numpy,jax,torch,numba,numexpr,pytensor"


def words(text: str) -> list[str]:
    """Split what is separated by commas."""
    return [word for word in text.split(",") if word]


def contenders(text: str) -> list[str]:
    """Split and check the names of contenders."""
    names = words(text)
    for name in names:
        if name not in BUILDERS:
            raise argparse.ArgumentTypeError(
                f"no contender {name!r}; there are {', '.join(BUILDERS)}"
            )
    return names


def pair(text: str) -> tuple[str, str]:
    """Split NAME=PATH."""
    name, found, path = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"expected NAME=PATH, got {text!r}")
    return name, path


def record(path: str) -> dict[str, Any]:
    """Read a record that `run` wrote."""
    return json.loads(Path(path).read_text())


def save(found: dict[str, Any], path: str) -> None:
    """Write a record with the command that made it."""
    if path:
        arguments = [a for a in sys.argv[1:] if not a.startswith("--python")]
        found["command"] = shlex.join(["python", "-m", "benchmarks", *arguments])
        Path(path).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def do_run(options: argparse.Namespace) -> None:
    """Measure the chosen workloads and operations."""
    chosen: list[Case] = []
    if options.workloads or not options.ops:
        chosen += cases(options.workloads, options.sizes)
    if options.ops:
        chosen += ops.chosen(options.ops, options.sizes)
    found = measure.run(
        chosen, options.contenders, pythons=dict(options.python),
        threads=options.threads, rounds=options.rounds, seconds=options.seconds,
    )  # fmt: skip
    if not options.no_limits:
        found["limits"] = limits.measure_limits(options.threads)
    save(found, options.json)
    print(report.table(found, options.by))
    print(ops.table(found, options.by))
    if "limits" in found:
        print(f"The machine's limits:\n{limits.table(found['limits'])}")
    print("\n".join(report.failures(found)), file=sys.stderr)


def do_builds(options: argparse.Namespace) -> None:
    """Measure cold and warm builds in fresh processes."""
    names = options.workloads or ["logreg", "softmax_xent", "layernorm", "radon"]
    sizes = {}  # the smallest of each: the program is the same for all
    for case in cases(names, options.sizes):
        sizes.setdefault(case.workload.name, case)
    found = builds.measure_builds(
        sizes.values(), options.contenders, pythons=dict(options.python), repeats=options.repeats
    )
    save(found, options.json)
    print(builds.table(found))


def do_growth(options: argparse.Namespace) -> None:
    """Measure how build times grow with the graph."""
    found = builds.grow(options.contenders, pythons=dict(options.python), repeats=options.repeats)
    save(found, options.json)
    print(builds.growth_table(found))


def do_compare(options: argparse.Namespace) -> int:
    """Compare two records; asked to fail, return 1 when ours became slower."""
    before, after = record(options.before), record(options.after)
    changes = report.compare(before, after, options.by, options.tolerance)
    print(report.comparison(changes))
    slower = [c for c in changes if c.verdict == "SLOWER" and c.contender == report.OURS]
    print(f"{len(slower)} of ours are slower by more than {options.tolerance:.0%}")
    return 1 if slower and options.fail else 0


def do_limits(options: argparse.Namespace) -> None:
    """Measure what the machine can do."""
    found = {"machine": measure.machine(), "limits": limits.measure_limits(options.threads)}
    save(found, options.json)
    print(limits.table(found["limits"]))


def do_guard(options: argparse.Namespace) -> int:
    """Compare instruction counts with those that are stored."""
    return guard.check(options.update, options.tolerance)


def do_list(options: argparse.Namespace) -> None:
    """List the workloads and their sizes."""
    for name, workload in load().items():
        print(f"{name:<20}{workload.about}\n{'':<20}sizes: {', '.join(workload.sizes)}")


def add_choices(parser: argparse.ArgumentParser, default: str) -> None:
    """Add what `run` and `builds` have in common."""
    parser.add_argument(
        "--workloads", type=words, default=[], help="names, may end in *; default all"
    )
    parser.add_argument("--sizes", type=words, default=[], help="labels as `list` shows them")
    parser.add_argument("--contenders", type=contenders, default=contenders(default))
    parser.add_argument(
        "--threads", type=int, default=1, help="threads and processors of each process"
    )
    parser.add_argument("--json", default="", metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--python", type=pair, action="append", default=[], metavar="NAME=PATH",
        help="interpreter of a contender, or of all 'rivals'; else $BENCH_PYTHON_NAME or this one",
    )  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    by = {"choices": ["median", "least", "cpu"], "help": "which time to show"}

    run = commands.add_parser("run", help="measure workloads, contenders in turns")
    add_choices(run, DEFAULT)
    run.add_argument(
        "--ops", type=words, default=[], help="operations of the scalar table, or 'all'"
    )
    run.add_argument("--rounds", type=int, default=15)
    run.add_argument("--seconds", type=float, default=0.002, help="length of a batch of calls")
    run.add_argument("--by", default="median", **by)
    run.add_argument("--no-limits", action="store_true", help="do not measure the machine's limits")
    run.set_defaults(do=do_run)

    build = commands.add_parser("builds", help="cold and warm builds in fresh processes")
    add_choices(build, "pytensorlite,jax,pytensor-numba")
    build.add_argument("--repeats", type=int, default=3)
    build.set_defaults(do=do_builds)

    growth = commands.add_parser("growth", help="build times of 1 000, 3 000 and 10 000 nodes")
    add_choices(growth, "pytensorlite")
    growth.add_argument("--repeats", type=int, default=1)
    growth.set_defaults(do=do_growth)

    compare = commands.add_parser("compare", help="two records, the largest slowdown first")
    compare.add_argument("before")
    compare.add_argument("after")
    compare.add_argument("--by", default="least", **by)
    compare.add_argument("--tolerance", type=float, default=0.1, metavar="SHARE")
    compare.add_argument("--fail", action="store_true", help="exit with 1 when ours became slower")
    compare.set_defaults(do=do_compare)

    limit = commands.add_parser("limits", help="bandwidths, multiply-adds and BLAS of this machine")
    limit.add_argument("--threads", type=int, default=1)
    limit.add_argument("--json", default="", metavar="FILE")
    limit.set_defaults(do=do_limits)

    watch = commands.add_parser("guard", help="instruction counts against the stored ones")
    watch.add_argument("--update", action="store_true", help="store what is counted now")
    watch.add_argument("--tolerance", type=float, default=0.05, metavar="SHARE")
    watch.set_defaults(do=do_guard)

    commands.add_parser("list", help="what can be run").set_defaults(do=do_list)
    return top


def main() -> None:
    """Parse and do."""
    options = parser().parse_args()
    sys.exit(options.do(options))


if __name__ == "__main__":
    main()
