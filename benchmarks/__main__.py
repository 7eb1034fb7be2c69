"""`python -m benchmarks`: run, compare, plot, readme, guard, list, limits, builds, growth."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from . import builds, guard, limits, measure, ops, picture, readme, records, report
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


def save(found: dict[str, Any], path: str) -> None:
    """Write a record where the command line said so."""
    if path:
        records.save(found, path, sys.argv[1:])


def do_run(options: argparse.Namespace) -> None:
    """Measure the chosen workloads and operations."""
    chosen: list[Case] = []
    if options.workloads or not options.ops:
        chosen += cases(options.workloads, options.sizes)
    if options.ops:
        chosen += ops.chosen(options.ops, options.sizes)
    if not chosen:
        raise SystemExit(f"no size {', '.join(options.sizes)}; `list` shows them")
    found = measure.run(
        chosen, options.contenders, pythons=dict(options.python),
        threads=options.threads, rounds=options.rounds, seconds=options.seconds,
        keep=lambda record: save(record, options.json),
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
    before, after = records.read([options.before]), records.read([options.after])
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


def do_plot(options: argparse.Namespace) -> int:
    """Draw a record."""
    if not picture.matplotlib_there():
        print(picture.MISSING, file=sys.stderr)
        return 1
    found = records.read(options.records)
    if not options.all:
        found = readme.shown(found)
    for path in picture.draw(found, options.to, options.format, options.by):
        print(path)
    return 0


def do_readme(options: argparse.Namespace) -> None:
    """Write the README's table."""
    readme.write(records.read(options.records), options.by)


def do_guard(options: argparse.Namespace) -> int:
    """Compare instruction counts with those that are stored."""
    return guard.check(options.update, options.tolerance)


def do_list(options: argparse.Namespace) -> None:
    """List the workloads and the operations' sizes."""
    for name, workload in load().items():
        print(f"{name:<20}{workload.about}\n{'':<20}sizes: {', '.join(workload.sizes)}")
    print(f"{'--ops':<20}one operation, 64 or 32 bits\n{'':<20}sizes: {', '.join(ops.SIZES)}")


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
        "--ops",
        type=words,
        default=[],
        help="operations by name, the 'table' of scalar ones, those of 'arrays', or 'all'",
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

    plot = commands.add_parser("plot", help="draw bars and a roofline of records")
    plot.add_argument("records", nargs="+", metavar="FILE")
    plot.add_argument("--all", action="store_true", help="not only the cases of the README")
    plot.add_argument("--to", default=".", metavar="FOLDER")
    plot.add_argument("--format", default="svg", choices=["svg", "png"])
    plot.add_argument("--by", default="least", **by)
    plot.set_defaults(do=do_plot)

    page = commands.add_parser("readme", help="write the README's table of speed from records")
    page.add_argument("records", nargs="+", metavar="FILE")
    page.add_argument("--by", default="least", **by)
    page.set_defaults(do=do_readme)

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
