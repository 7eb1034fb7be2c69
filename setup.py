"""Where `cgen/` and `include/` become parts of the package, and the native dispatcher is built.

`cgen/` stands at top level on disk and installs as `pytensorlite.cgen`, because a top-level import
name `cgen` belongs to another distribution; `include/` travels beside it as `pytensorlite/include`.
The dispatcher is optional: without a compiler the package installs and runs through Python.
"""

import numpy
from setuptools import Extension, find_packages, setup

setup(
    packages=[
        *find_packages(include=["pytensorlite", "pytensorlite.*"]),
        "pytensorlite.cgen",
        "pytensorlite.include",
    ],
    package_dir={"pytensorlite.cgen": "cgen", "pytensorlite.include": "include"},
    package_data={
        "pytensorlite": ["py.typed"],
        "pytensorlite.cgen": ["*.c", "*.h"],
        "pytensorlite.include": ["*.h"],
    },
    ext_modules=[
        Extension(
            "pytensorlite.cgen._dispatch",
            sources=["cgen/dispatch.c"],
            include_dirs=["include", numpy.get_include()],
            depends=[
                "include/ptl_host.h",
                "include/ptl_loops.h",
                "include/ptl_runtime.h",
                "include/ptl_threads.h",
                "cgen/dispatch_in_place.h",
                "cgen/dispatch_kept.h",
                "cgen/dispatch_kernel.h",
                "cgen/dispatch_pool.h",
                "cgen/dispatch_stamp.h",
                "cgen/dispatch_threads.h",
                "cgen/dispatch_types.h",
            ],
            extra_compile_args=["-O2", "-pthread"],
            extra_link_args=["-pthread"],
            optional=True,
        )
    ],
)
