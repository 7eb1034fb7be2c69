"""Databases of rewrites: what is registered under names and tags, and comes out by a query.

A query says which tags to include, which to require and which to exclude.  What comes out is one
rewriter: of the rewrites in a row (`SequenceDB`), until nothing changes (`EquilibriumDB`), one
after another on each node (`LocalGroupDB`), or in one walk (`TopoDB`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from pytensorlite.configdefaults import config
from pytensorlite.graph.rewriting.equilibrium import EquilibriumGraphRewriter
from pytensorlite.graph.rewriting.rewriter import (
    GraphRewriter,
    NodeRewriter,
    Rewriter,
    SequentialGraphRewriter,
)
from pytensorlite.graph.rewriting.tracking import SequentialNodeRewriter
from pytensorlite.graph.rewriting.walking import NodeProcessingGraphRewriter, WalkingGraphRewriter


class RewriteDatabaseQuery:
    """What to take out of a database.

    Parameters
    ----------
    include : iterable of str
        Rewrites with one of these tags (or names) are taken ...
    require : iterable of str, optional
        ... if they have all of these ...
    exclude : iterable of str, optional
        ... and none of these.
    subquery : dict, optional
        Another query for a database inside, by its name.
    position_cutoff : float
        Of a sequence, only what stands before this position.
    extra_rewrites : sequence of pairs
        Further rewrites ``(rewriter, position)`` to put into a sequence.

    Examples
    --------
    >>> query = RewriteDatabaseQuery(include=["fast_run"]).excluding("inplace", "fusion")
    >>> sorted(query.exclude)
    ['fusion', 'inplace']
    """

    def __init__(
        self,
        include: Iterable[str | None],
        require: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        subquery: dict[str, RewriteDatabaseQuery] | None = None,
        position_cutoff: float = math.inf,
        extra_rewrites: Iterable[tuple[Any, float]] | None = None,
    ) -> None:
        # Dictionaries serve as sets that keep their order, so that queries print alike.
        self.include = dict.fromkeys(include)
        self.require = dict.fromkeys(require or ())
        self.exclude = dict.fromkeys(exclude or ())
        self.subquery = dict(subquery or {})
        self.position_cutoff = position_cutoff
        self.name: str | None = None
        self.extra_rewrites = list(extra_rewrites or ())

    def including(self, *tags: str) -> RewriteDatabaseQuery:
        """Return a query that includes `tags` too."""
        return self._with(include=[*self.include, *tags])

    def excluding(self, *tags: str) -> RewriteDatabaseQuery:
        """Return a query that excludes `tags` too."""
        return self._with(exclude=[*self.exclude, *tags])

    def requiring(self, *tags: str) -> RewriteDatabaseQuery:
        """Return a query that requires `tags` too."""
        return self._with(require=[*self.require, *tags])

    def register(self, *rewrites: tuple[Any, float]) -> RewriteDatabaseQuery:
        """Return a query with further pairs ``(rewriter, position)``."""
        return self._with(extra_rewrites=[*self.extra_rewrites, *rewrites])

    def _with(self, **changes: Any) -> RewriteDatabaseQuery:
        settings = {
            "include": self.include,
            "require": self.require,
            "exclude": self.exclude,
            "subquery": self.subquery,
            "position_cutoff": self.position_cutoff,
            "extra_rewrites": self.extra_rewrites,
        }
        return RewriteDatabaseQuery(**{**settings, **changes})

    def for_database(self, name: str) -> RewriteDatabaseQuery:
        """Return the query to ask of the database inside that is called `name`."""
        if name in self.subquery:
            return self.subquery[name]
        return self._with(subquery={}, extra_rewrites=[], position_cutoff=math.inf)

    def __str__(self) -> str:
        listed = (list(self.include), list(self.require), list(self.exclude))
        return (
            "RewriteDatabaseQuery(inc={}, req={}, ex={}, subquery={}, cutoff={}, extra={})".format(
                *listed, self.subquery, self.position_cutoff, self.extra_rewrites
            )
        )

    __repr__ = __str__


class RewriteDatabase:
    """Rewrites by name and tag; base of the others.

    A database may be registered in another one; the query then goes on inside.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self._objects: dict[str, Any] = {}
        self._tags: dict[str, dict[str, None]] = {}

    def register(
        self,
        name: str,
        rewriter: Any,
        *tags: str,
        use_db_name_as_tag: bool = True,
        overwrite_existing: bool = False,
    ) -> None:
        """Add a rewriter (or a database).

        Parameters
        ----------
        name : str
            Its name, which is also a tag.
        rewriter : Rewriter or RewriteDatabase
            What is registered.
        *tags : str
            Its tags.
        use_db_name_as_tag : bool
            Whether the name of this database is a tag of it too.
        overwrite_existing : bool
            Whether one that is registered under `name` gives way; otherwise that is an error.
        """
        if not isinstance(rewriter, Rewriter | RewriteDatabase):
            raise TypeError(f"{name}: expected a rewriter or a database of them, got {rewriter!r}")
        if not overwrite_existing and name in self._objects:
            raise ValueError(
                f"The tag {name} is already present in the database; use another name or "
                "overwrite_existing=True"
            )
        all_tags = dict.fromkeys([name, *tags])
        if use_db_name_as_tag and self.name is not None:
            all_tags[self.name] = None
        all_tags[type(rewriter).__name__] = None
        if rewriter.name is None:
            rewriter.name = name
        self._objects[name] = rewriter
        self._tags[name] = all_tags

    def add_tags(self, name: str, *tags: str) -> None:
        """Give the rewriter called `name` further tags."""
        self._find(name).update(dict.fromkeys(tags))

    def remove_tags(self, name: str, *tags: str) -> None:
        """Take tags from the rewriter called `name`."""
        own = self._find(name)
        for tag in tags:
            own.pop(tag, None)

    def _find(self, name: str) -> dict[str, None]:
        if name not in self._tags:
            raise KeyError(f"No rewrite is registered under the name {name!r}")
        return self._tags[name]

    def select(self, query: RewriteDatabaseQuery) -> dict[str, Any]:
        """Return the rewriters that fit, by name, in the order of registration.

        Databases inside are asked in turn and appear as the rewriter they answer with.
        """
        chosen: dict[str, Any] = {}
        for name, rewriter in self._objects.items():
            tags = self._tags[name]
            if not any(tag in tags for tag in query.include):
                continue
            if not all(tag in tags for tag in query.require) or any(
                tag in tags for tag in query.exclude
            ):
                continue
            if isinstance(rewriter, RewriteDatabase):
                answer = rewriter.query(query.for_database(name))
                answer.name = name
                rewriter = answer
            chosen[name] = rewriter
        return chosen

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        """Return what fits a query, or tags written as ``"+a"``, ``"-b"``, ``"&c"``.

        Examples
        --------
        ``database.query("+fast_run", "-inplace")`` includes the one and excludes the other.
        """
        return list(self.select(as_query(tags, kwtags)).values())

    def __getitem__(self, name: str) -> Any:
        found = self.named(name)
        if not found:
            raise KeyError(f"Nothing registered for {name!r}")
        if len(found) > 1:
            raise KeyError(f"More than one rewrite has the tag {name!r}: {sorted(found)}")
        return next(iter(found.values()))

    def named(self, tag: str) -> dict[str, Any]:
        """Return what has the tag (or name) `tag`."""
        return {name: self._objects[name] for name, tags in self._tags.items() if tag in tags}

    def __contains__(self, name: str) -> bool:
        return bool(self.named(name))

    def print_summary(self, stream: TextIO | None = None) -> None:
        """Print names and tags."""
        print(f"{type(self).__name__} (id {id(self)})", file=stream)
        for name, tags in self._tags.items():
            print(f"  {name}: {', '.join(tags)}", file=stream)


def as_query(tags: tuple, subqueries: dict) -> RewriteDatabaseQuery:
    """Return the query that the arguments of ``query`` stand for."""
    if len(tags) == 1 and isinstance(tags[0], RewriteDatabaseQuery):
        query = tags[0]
        if subqueries:
            query = query._with(subquery={**query.subquery, **subqueries})
        return query
    by_sign: dict[str, list[str]] = {"+": [], "-": [], "&": []}
    for tag in tags:
        if not isinstance(tag, str) or tag[:1] not in by_sign:
            raise ValueError(
                f"expected a query, or tags that begin with '+' (include), '-' (exclude) or '&' "
                f"(require); got {tag!r}"
            )
        by_sign[tag[0]].append(tag[1:])
    return RewriteDatabaseQuery(by_sign["+"], by_sign["&"], by_sign["-"], subqueries)


class EquilibriumDB(RewriteDatabase):
    """A database that answers with an `EquilibriumGraphRewriter`.

    Parameters
    ----------
    ignore_newtrees, tracks_on_change_inputs
        Passed to it.
    eq_rewriter_class : type
        Another class to answer with.
    """

    def __init__(
        self,
        ignore_newtrees: bool = True,
        tracks_on_change_inputs: bool = False,
        eq_rewriter_class: type = EquilibriumGraphRewriter,
    ) -> None:
        super().__init__()
        self.ignore_newtrees = ignore_newtrees
        self.tracks_on_change_inputs = tracks_on_change_inputs
        self.eq_rewriter_class = eq_rewriter_class
        self._final: set[str] = set()
        self._cleanup: set[str] = set()

    def register(  # type: ignore[override]
        self,
        name: str,
        rewriter: Any,
        *tags: str,
        final_rewriter: bool = False,
        cleanup: bool = False,
        **kwargs: Any,
    ) -> None:
        """Add a rewriter; `final_rewriter` runs after each walk, `cleanup` after each change."""
        if final_rewriter and cleanup:
            raise ValueError(f"{name}: final_rewriter and cleanup exclude each other")
        super().register(name, rewriter, *tags, **kwargs)
        if final_rewriter:
            self._final.add(name)
        if cleanup:
            self._cleanup.add(name)

    def query(self, *tags: Any, **kwtags: Any) -> EquilibriumGraphRewriter:
        """Return the rewriter that applies what fits until nothing changes."""
        chosen = self.select(as_query(tags, kwtags))
        special = self._final | self._cleanup
        return self.eq_rewriter_class(
            [rewriter for name, rewriter in chosen.items() if name not in special],
            max_use_ratio=config.optdb__max_use_ratio,
            ignore_newtrees=self.ignore_newtrees,
            tracks_on_change_inputs=self.tracks_on_change_inputs,
            failure_callback=NodeProcessingGraphRewriter.warn_inplace,
            final_rewriters=[chosen[name] for name in chosen if name in self._final],
            cleanup_rewriters=[chosen[name] for name in chosen if name in self._cleanup],
        )


class SequenceDB(RewriteDatabase):
    """A database of rewrites with positions; it answers with them in a row.

    Parameters
    ----------
    failure_callback : callable or None
        What happens when one fails; by default what ``config.on_opt_error`` says.
    """

    seq_rewriter_type = SequentialGraphRewriter

    def __init__(self, failure_callback: Callable | None = SequentialGraphRewriter.warn) -> None:
        super().__init__()
        self._position: dict[str, Any] = {}
        self.failure_callback = failure_callback

    def register(  # type: ignore[override]
        self, name: str, obj: Any, *tags: str, position: Any = "last", **kwargs: Any
    ) -> None:
        """Add a rewriter at `position`: a number, or ``"last"``."""
        super().register(name, obj, *tags, **kwargs)
        if position == "last":
            position = max(self._position.values(), default=0) + 1
        elif isinstance(position, bool) or not isinstance(position, int | float):
            raise TypeError(f"{name}: position must be a number or 'last', got {position!r}")
        self._position[name] = position

    def in_order(
        self, query: RewriteDatabaseQuery, position_cutoff: float | None = None
    ) -> list[tuple[float, Any]]:
        """Return pairs (position, rewriter) that fit, sorted (ties: by name)."""
        if position_cutoff is None:
            position_cutoff = min(config.optdb__position_cutoff, query.position_cutoff)
        placed = [
            (self._position[name], name, rewriter)
            for name, rewriter in self.select(query).items()
            if self._position[name] < position_cutoff
        ]
        for extra, position in query.extra_rewrites:
            rewriter = extra.query(query) if isinstance(extra, RewriteDatabase) else extra
            if position < position_cutoff:
                placed.append((position, str(rewriter.name), rewriter))
        placed.sort(key=lambda entry: entry[:2])
        return [(position, rewriter) for position, _, rewriter in placed]

    def query(
        self, *tags: Any, position_cutoff: float | None = None, **kwtags: Any
    ) -> SequentialGraphRewriter:
        """Return the rewriter that applies what fits in the order of the positions."""
        rewriters = self.in_order(as_query(tags, kwtags), position_cutoff)
        return self.seq_rewriter_type(
            [rewriter for _, rewriter in rewriters], failure_callback=self.failure_callback
        )

    def print_summary(self, stream: TextIO | None = None) -> None:
        print(f"{type(self).__name__} (id {id(self)})", file=stream)
        for name, position in sorted(self._position.items(), key=lambda item: (item[1], item[0])):
            print(f"  {position:>8} {name}: {', '.join(self._tags[name])}", file=stream)

    def __str__(self) -> str:
        return f"{type(self).__name__}({list(self._position)})"


class LocalGroupDB(SequenceDB):
    """A database of node rewriters; it answers with one that tries them on a node in turn."""

    def __init__(
        self,
        apply_all_rewrites: bool = False,
        profile: bool = False,
        node_rewriter: type = SequentialNodeRewriter,
    ) -> None:
        super().__init__(failure_callback=None)
        self.apply_all_rewrites = apply_all_rewrites
        self.profile = profile
        self.node_rewriter = node_rewriter

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        """Return the node rewriter."""
        rewriters = [rewriter for _, rewriter in self.in_order(as_query(tags, kwtags))]
        return self.node_rewriter(
            *rewriters, apply_all_rewrites=self.apply_all_rewrites, profile=self.profile
        )


class TopoDB(RewriteDatabase):
    """A database that walks a graph with the node rewriter that another database answers with."""

    def __init__(
        self,
        db: RewriteDatabase,
        order: Any = "in_to_out",
        ignore_newtrees: bool = False,
        failure_callback: Callable | None = None,
    ) -> None:
        super().__init__()
        self.db = db
        self.order = order
        self.ignore_newtrees = ignore_newtrees
        self.failure_callback = failure_callback

    def query(self, *tags: Any, **kwtags: Any) -> WalkingGraphRewriter:
        """Return the walking rewriter."""
        return WalkingGraphRewriter(
            self.db.query(*tags, **kwtags),
            self.order,
            ignore_newtrees=self.ignore_newtrees,
            failure_callback=self.failure_callback,
        )


class ProxyDB(RewriteDatabase):
    """A database that passes queries on: to have one database in two places."""

    def __init__(self, db: RewriteDatabase) -> None:
        if not isinstance(db, RewriteDatabase):
            raise TypeError(f"expected a database, got {db!r}")
        super().__init__()
        self.db = db

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        """Return what the other database answers."""
        return self.db.query(*tags, **kwtags)


__all__ = [
    "EquilibriumDB",
    "GraphRewriter",
    "LocalGroupDB",
    "NodeRewriter",
    "ProxyDB",
    "RewriteDatabase",
    "RewriteDatabaseQuery",
    "SequenceDB",
    "TopoDB",
    "config",
]
