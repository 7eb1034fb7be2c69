"""How much Python a build takes, counted instead of timed: calls of our functions, modules read.

A fresh process builds value and gradient of a logistic regression, once with an empty cache and
once with the cache that it left. Nested functions without a name are not counted: what becomes of
comprehensions is the interpreter's business.
"""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
import numpy as np
import pytensorlite.tensor as pt
from pytensorlite import function, grad

calls = 0
def count(frame, event, argument):
    global calls
    ours = "pytensorlite" in frame.f_globals.get("__name__", "")
    calls += event == "call" and ours and frame.f_code.co_name[0] != "<"

before = set(sys.modules)
X, y, w = pt.dmatrix("X"), pt.dvector("y"), pt.dvector("w")
z = X @ w
loss = (pt.softplus(z) - y * z).sum() + 0.5 * (w * w).sum()
outputs = [loss, grad(loss, w)]
arrays = np.ones((9, 4)), np.ones(9), np.ones(4)
sys.setprofile(count)
f = function([X, y, w], outputs)
f(*arrays)
sys.setprofile(None)
modules = [name for name in set(sys.modules) - before if name.startswith("pytensorlite")]
print(json.dumps({"calls": calls, "modules": len(modules), "fallbacks": len(f.fallbacks)}))
"""

# What was counted when this was last looked at, and how much more is no reason to look again.
STORED = {"cold": {"calls": 29_800, "modules": 75}, "warm": {"calls": 730, "modules": 11}}
TOLERANCE = 1.1


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    environment = {
        **os.environ, "PYTHONHASHSEED": "0", "PYTENSORLITE_FLAGS": f"cache_dir={folder},threads=1"
    }  # fmt: skip
    command = [sys.executable, "-c", PROGRAM]
    return {
        when: json.loads(subprocess.check_output(command, env=environment))
        for when in ("cold", "warm")
    }


@pytest.mark.parametrize("what", ["calls", "modules"])
@pytest.mark.parametrize("when", ["cold", "warm"])
def test_a_build_takes_no_more_python_than_before(counted, when, what):
    was, now = STORED[when][what], counted[when][what]
    assert now <= TOLERANCE * was, "mend it, or store what is counted now and say why"
    assert now >= was / 2, "so much less is worth storing"


def test_the_program_is_native(counted):
    assert counted["cold"]["fallbacks"] == counted["warm"]["fallbacks"] == 0
