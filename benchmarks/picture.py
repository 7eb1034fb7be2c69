"""Pictures of records: bars of every contender's time, and a roofline of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .readme import SHOWN
from .report import LIMIT, OURS, by_case, called, place, time_text

__all__ = ["MISSING", "bars", "draw", "matplotlib_there", "roofline"]

MISSING = "pictures need matplotlib: pip install 'pytensorlite[plot]'"
INK, QUIET, FAINT, ACCENT = "#24292f", "#6e7781", "#d0d7de", "#0969da"
PLACES = {"L1": "#8ecae6", "L2": "#4ea8de", "L3": "#2a6fbb", "memory": "#123c69"}
COLUMNS = 3
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 8, "text.color": INK, "axes.edgecolor": FAINT,
    "axes.labelcolor": QUIET, "xtick.color": QUIET, "ytick.color": INK, "svg.fonttype": "none",
    "svg.hashsalt": "pytensorlite", "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip


def matplotlib_there() -> bool:
    """Whether matplotlib is installed."""
    import importlib.util

    return importlib.util.find_spec("matplotlib") is not None


def draw(record: dict[str, Any], folder: str, kind: str, key: str) -> list[Path]:
    """Write the pictures that a record has the figures for, and return their paths.

    Parameters
    ----------
    record : dict
        What `run` wrote.
    folder : str
        Where ``bars.KIND`` and ``roofline.KIND`` go.
    kind : str
        ``svg`` or ``png``.
    key : str
        Which time is shown: ``median``, ``least`` or ``cpu``.
    """
    import matplotlib

    matplotlib.use("agg")
    written = []
    Path(folder).mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name, figure in (("bars", bars(record, key)), ("roofline", roofline(record, key))):
            if figure is not None:
                written.append(Path(folder) / f"{name}.{kind}")
                figure.savefig(written[-1], dpi=160, metadata=_undated(kind), facecolor="white")
    return written


def _undated(kind: str) -> dict[str, None]:
    return {"Date": None} if kind == "svg" else {}


def about(record: dict[str, Any]) -> str:
    """Say in a line where the figures come from."""
    machine, threads = record["machine"], record["threads"]
    core = "one core" if threads == 1 else f"{threads} cores"
    return f"{core} of {machine['processor']}, {machine['date']}"


# -- bars ----------------------------------------------------------------------------------------


def bars(record: dict[str, Any], key: str = "least") -> Any:
    """Return a figure with one panel a case, the fastest contender on top, or None."""
    from matplotlib.figure import Figure

    chosen = {case: row for case, row in by_case(record).items() if OURS in row and len(row) > 1}
    if not chosen:
        return None
    lines = -(-len(chosen) // COLUMNS)
    most = max(len(row) for row in chosen.values())
    height = lines * (0.19 * most + 0.42) + 0.7
    figure = Figure(figsize=(10, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.06)
    figure.suptitle(
        f"Time of a call, logarithmic: shorter is better ({about(record)})",
        x=0.01, ha="left", fontsize=9, color=QUIET,
    )  # fmt: skip
    panels = list(figure.subplots(lines, COLUMNS, squeeze=False).flat)
    for panel, (case, row) in zip(panels, chosen.items(), strict=False):
        _bar_panel(panel, SHOWN.get(case, " ".join(case).strip()), row, key, most)
    for panel in panels[len(chosen) :]:
        panel.set_axis_off()
    return figure


def _bar_panel(panel: Any, title: str, row: dict[str, dict], key: str, most: int) -> None:
    order = sorted(row, key=lambda name: row[name][key])
    times = [row[name][key] for name in order]
    low = times[0] / 3
    colours = [ACCENT if name == OURS else QUIET if name == LIMIT else FAINT for name in order]
    panel.barh(range(len(order)), [t - low for t in times], left=low, color=colours, height=0.72)
    panel.set_xscale("log")
    panel.set_xlim(low, times[-1] * (times[-1] / low) ** 0.28)
    panel.set_ylim(most - 0.5, -0.6)
    for position, (name, time) in enumerate(zip(order, times, strict=True)):
        bold = "bold" if name == OURS else "normal"
        panel.text(time, position, f" {time_text(time)}", va="center", fontsize=7, weight=bold)
    panel.set_yticks(range(len(order)), [called(name, row[name]) for name in order], fontsize=7)
    for label, name in zip(panel.get_yticklabels(), order, strict=True):
        label.set_weight("bold" if name == OURS else "normal")
    panel.set_title(title, loc="left", x=-0.42, fontsize=8, weight="bold", pad=3)
    panel.tick_params(length=0)
    panel.set_xticks([], minor=True)
    panel.set_xticks([])
    panel.spines[["bottom", "left"]].set_visible(False)


# -- roofline ------------------------------------------------------------------------------------


def roofline(record: dict[str, Any], key: str = "least") -> Any:
    """Return a figure of our arithmetic against the machine's roofs, or None without limits.

    A point is a case whose arithmetic can be counted; its colour says where its data fits, and the
    slope of that colour is the most that its bandwidth would allow.
    """
    from matplotlib.figure import Figure

    limits, points = record.get("limits"), []
    for (workload, size), row in by_case(record).items():
        ours = row.get(OURS, {})
        if ours.get("bytes") and ours.get("flops") and ours["itemsize"] == 8:
            points.append((f"{workload} {size}", ours["flops"] / ours["bytes"],
                           ours["flops"] / ours[key] / 1e9, ours["bytes"]))  # fmt: skip
    if not limits or not points:
        return None
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log")
    left, right = min(p[1] for p in points) / 4, max(p[1] for p in points) * 2.5
    bottom = min(p[2] for p in points) / 2
    axes.set(xlim=(left, right), ylim=(bottom, limits["fma"] * 2.2))
    roofs = _roofs(axes, limits, left, right)
    for _, intensity, rate, size in points:
        axes.plot(
            intensity, rate, "o", ms=5, color=PLACES[place(size, limits)], mec="white", mew=0.6
        )
    axes.set_xlabel("floating-point operations a byte that must move")
    axes.set_ylabel("GFLOP/s, double precision")
    axes.set_title(
        f"What pytensorlite reaches, under the machine's own limits ({about(record)})",
        loc="left", fontsize=9, color=QUIET,
    )  # fmt: skip
    _label(figure, axes, roofs, [(name, x, y) for name, x, y, _ in points])
    return figure


def _roofs(axes: Any, limits: dict[str, float], left: float, right: float) -> list[Any]:
    """Draw the roofs and return their names, which the points' must not cover."""
    names, peak = [], limits["fma"]
    for name, colour in PLACES.items():
        rate = _bandwidth(limits, name)
        ridge = min(peak / rate, right)
        axes.plot([left, ridge], [left * rate, ridge * rate], color=colour, lw=1.1, zorder=1)
        shown = axes.annotate(
            f"{name} {rate:.0f} GB/s", (left, left * rate), (3, 6), textcoords="offset points",
            color=colour, fontsize=7, rotation=_slope(axes), rotation_mode="anchor",
        )  # fmt: skip
        names.append(shown)
    for text, rate in (
        (f"multiply-adds {peak:.0f}", peak),
        (f"BLAS {limits['gemm']:.0f}", limits["gemm"]),
    ):
        axes.plot(
            [rate / _bandwidth(limits, "L1"), right], [rate, rate], color=QUIET, lw=1.1, zorder=1
        )
        shown = axes.annotate(
            f"{text} GFLOP/s", (right, rate), (-4, 3), textcoords="offset points",
            ha="right", color=QUIET, fontsize=7,
        )  # fmt: skip
        names.append(shown)
    return names


def _bandwidth(limits: dict[str, float], name: str) -> float:
    return max(limits[f"{name} {what}"] for what in ("read", "copy", "triad"))


def _slope(axes: Any) -> float:
    """Return the angle on paper of a line of slope one in logarithms."""
    import math

    (x0, y0), (x1, y1) = axes.transData.transform([(1, 1), (10, 10)])
    return math.degrees(math.atan2(y1 - y0, x1 - x0))


def _label(
    figure: Any, axes: Any, roofs: list[Any], points: list[tuple[str, float, float]]
) -> None:
    """Write each point's name beside it, where it covers neither a point nor another name."""
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in roofs]
    taken = [(box.x0, box.y0, box.x1, box.y1) for box in boxes]
    for line in axes.lines:
        ends = axes.transData.transform(line.get_xydata())
        steps = range(201) if len(ends) == 2 else ()
        along = [ends[0] + (ends[1] - ends[0]) * step / 200 for step in steps]
        taken += [(px - 1, py - 1, px + 1, py + 1) for px, py in along]
    for _, x, y in points:
        px, py = axes.transData.transform((x, y))
        taken.append((px - 5, py - 5, px + 5, py + 5))
    frame = axes.get_window_extent()
    for name, x, y in sorted(points, key=lambda p: -p[2]):
        px, py = axes.transData.transform((x, y))
        for dx, dy, side in SPOTS:
            text = axes.annotate(
                name, (x, y), (dx, dy), textcoords="offset points", fontsize=6.5, ha=side,
                va="center",
            )  # fmt: skip
            box = text.get_window_extent()
            edges = (box.x0, box.y0, box.x1, box.y1)
            inside = frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0
            if inside and not any(_overlap(edges, other) for other in taken):
                taken.append(edges)
                break
            text.remove()


SPOTS = [
    (dx * far, dy * far, side)
    for far in (1, 1.8, 3)
    for dx, dy, side in [(6, 0, "left"), (-6, 0, "right"), (0, 8, "center"), (0, -8, "center"),
                         (5, 6, "left"), (5, -6, "left"), (-5, 6, "right"), (-5, -6, "right")]
]  # fmt: skip


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
