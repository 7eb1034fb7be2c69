"""Thousands of small programs do in PyTensor what they do here, but for what `differences` says.

PyTensor is found in this interpreter, or in the one that ``PYTENSORLITE_COMPARE_WITH`` names.  Both
packages run the programs in a process of their own, through Python alone.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compat.differences import reason_for
from tests.compat.programs import PROGRAMS

WORKER = str(Path(__file__).with_name("worker.py"))
TOLERANCE = {"float16": 1e-2, "float32": 1e-5, "complex64": 1e-5}
THEIRS = os.environ.get("PYTENSORLITE_COMPARE_WITH", "")
if not THEIRS and importlib.util.find_spec("pytensor") is not None:
    THEIRS = sys.executable
pytestmark = pytest.mark.skipif(not THEIRS, reason="compares with PyTensor")


def test_names_are_unique():
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS) > 4000


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What came of each program, theirs and ours."""
    place = tmp_path_factory.mktemp("pytensor")
    flags = {"PYTENSOR_FLAGS": f"cxx=,base_compiledir={place}"}
    started = [
        subprocess.Popen(
            [python, WORKER, *words],
            env={**os.environ, **flags},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for python, words in [
            (THEIRS, ("pytensor", "")),
            (sys.executable, ("pytensorlite", "NUMPY")),
        ]
    ]
    answers = [pickle.loads(process.communicate()[0]) for process in started]
    assert [process.returncode for process in started] == [0, 0]
    return answers


def test_programs_agree(outcomes):
    theirs, ours = outcomes
    wrong, used = [], set()
    for name, expected in theirs.items():
        for part in sorted(expected.keys() & ours[name].keys()):
            difference = compare(expected[part], ours[name][part])
            if difference is None:
                continue
            reason = reason_for(f"{part} | {name} | {difference}")
            used.add(reason)
            if reason is None:
                wrong.append(f"{part} | {name} | {difference}")
    assert not wrong, "\n".join(wrong)


def has_failed(outcome: Any) -> bool:
    """Whether what came is (when, names of the exception's classes, text)."""
    return isinstance(outcome, tuple) and len(outcome) == 3


def compare(theirs: Any, ours: Any) -> str | None:
    """Tell how two outcomes differ, or return None."""
    if has_failed(theirs) or has_failed(ours):
        return compare_failures(theirs, ours)
    (their_types, their_values), (our_types, our_values) = theirs, ours
    if len(their_types) != len(our_types):
        return f"OUTPUTS {len(their_types)}, here {len(our_types)}"
    for expected, found in zip(their_types, our_types, strict=True):
        if expected[0] != found[0]:
            return f"DTYPE {expected[0]}, here {found[0]}"
        if len(expected[1]) != len(found[1]):
            return f"RANK {expected[1]}, here {found[1]}"
        for length, own in zip(expected[1], found[1], strict=True):
            if length != own and length is not None:
                return f"STATIC {expected[1]}, here {found[1]}"
    if has_failed(their_values) or has_failed(our_values):
        return compare_failures(their_values, our_values)
    pairs = zip(their_values, our_values, strict=True)
    return next((text for pair in pairs if (text := compare_arrays(*pair))), None)


def compare_failures(theirs: Any, ours: Any) -> str | None:
    """Two that fail must raise related exceptions."""
    if not has_failed(ours):
        return f"FAILS only in PyTensor, {theirs[0]}: {theirs[1][0]}: {theirs[2]}"
    if not has_failed(theirs):
        return f"FAILS only here, {ours[0]}: {ours[1][0]}: {ours[2]}"
    if theirs[1][0] in ours[1] or ours[1][0] in theirs[1]:
        return None
    return f"RAISES {theirs[1][0]}: {theirs[2]}, here {ours[1][0]}: {ours[2]}"


def compare_arrays(theirs: np.ndarray, ours: np.ndarray) -> str | None:
    """Values agree to the precision of their dtype, and wholly if they are no floats."""
    if theirs.dtype != ours.dtype:
        return f"VALUE OF DTYPE {theirs.dtype}, here {ours.dtype}"
    if theirs.shape != ours.shape:
        return f"SHAPE {theirs.shape}, here {ours.shape}"
    allowed = TOLERANCE.get(ours.dtype.name, 1e-9) if ours.dtype.kind in "fc" else 0.0
    if np.allclose(ours, theirs, rtol=allowed, atol=allowed, equal_nan=ours.dtype.kind in "fc"):
        return None
    return f"VALUE {theirs.tolist()}, here {ours.tolist()}"
