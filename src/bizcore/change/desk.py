"""A desk is a list of bindings: the same signatures and docstrings as the rules, and no logic."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from bizcore.book.entry import Entry
from bizcore.change.act import Act, make_act
from bizcore.change.view import View
from bizcore.flow.document import Document

if TYPE_CHECKING:
    from bizcore.change.changes import Changes
    from bizcore.change.documents import Documents

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D", bound=Document | Entry)
K = TypeVar("K", bound=Document)


class Host(Protocol):
    """What a desk asks of the company it belongs to."""

    def view(self) -> View:
        """A stable view of now."""

    def documents(self, cls: type[K]) -> Documents[K]:
        """The documents of a kind."""


class Desk:
    """The verbs, reports and documents of one domain, bound to a company. `name` begins the name of its acts."""

    name = ""

    def __init_subclass__(cls) -> None:
        """An act is named as the desk calls it, whatever its planner is called, so that its JSON is read back."""
        super().__init_subclass__()
        for name, bound in vars(cls).items():
            if hasattr(bound, "planner"):
                bound.__name__ = name

    def __init__(self, host: Host) -> None:
        self.host = host


def verb(
    planner: Callable[Concatenate[View, P], Changes[D]], *, was: tuple[str, ...] = ()
) -> Callable[Concatenate[Desk, P], Act[D]]:
    """Bind a planner: calling it builds an act, reading its arguments by their declared types.

    `was` are names the verb had before: stored intents outlive releases.
    """

    @wraps(planner)
    def act(desk: Desk, /, *args: P.args, **kwargs: P.kwargs) -> Act[D]:
        return make_act(f"{desk.name}.{act.__name__}", planner, args, kwargs)

    act.planner = planner  # type: ignore[attr-defined]
    act.was = was  # type: ignore[attr-defined]
    return act


def report(rule: Callable[Concatenate[View, P], R]) -> Callable[Concatenate[Desk, P], R]:
    """Bind a report: calling it answers now, from a stable view."""

    @wraps(rule)
    def answer(desk: Desk, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return rule(desk.host.view(), *args, **kwargs)

    return answer


draft = report
"""Bind a draft: fills in what the company knows and returns the document one could build oneself."""


class documents(Generic[K]):  # noqa: N801 - reads like the bindings beside it
    """Bind a kind: the desk's attribute finds its documents."""

    def __init__(self, cls: type[K]) -> None:
        self.cls = cls

    @overload
    def __get__(self, desk: None, owner: type[Desk]) -> documents[K]: ...
    @overload
    def __get__(self, desk: Desk, owner: type[Desk]) -> Documents[K]: ...
    def __get__(self, desk: Desk | None, owner: type[Desk]) -> documents[K] | Documents[K]:
        """The binding on the class, the finder on a desk."""
        return self if desk is None else desk.host.documents(self.cls)


def verbs_of(desk: type[Desk]) -> dict[str, Callable[..., Any]]:
    """The planners of a desk by the names of their acts, former names too."""
    found: dict[str, Callable[..., Any]] = {}
    for attribute in dir(desk):
        bound = getattr(desk, attribute)
        planner = getattr(bound, "planner", None)
        if planner is None:
            continue
        for name in (attribute, *cast("tuple[str, ...]", bound.was)):
            found[f"{desk.name}.{name}"] = planner
    return found


def kinds_of(desk: type[Desk]) -> tuple[type[Document], ...]:
    """The kinds of document a desk binds."""
    return tuple(one.cls for name in dir(desk) if isinstance(one := getattr(desk, name), documents))
