"""Who is behind an actor, and whom he stands in for: as the identities of now say."""

from __future__ import annotations

from bizcore.change.view import View
from bizcore.flow.approval import Identity


def person(view: View, actor: str, *, told: Identity | None = None) -> str:
    """The person behind an actor, also through another actor; identities in a circle are one person.

    `told` is an identity that stands for the one there is.
    """
    seen: list[str] = []
    while actor not in seen:
        seen.append(actor)
        identity = told if told is not None and told.id == actor else view.seek(Identity, actor)
        actor = actor if identity is None else identity.person
    return min(seen[seen.index(actor) :])


def circle(view: View, actor: str) -> set[str]:
    """The person behind an actor, and everybody he stands in for, with whichever of his identities."""
    found = {person(view, actor)}
    queue = [actor, *found]
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        identity = view.seek(Identity, name)
        queue += [one.id for one in view.find(Identity, "person", name)]
        for other in identity.deputy_for if identity is not None else ():
            found.add(person(view, other))
            queue.append(other)
    return found


def same(view: View, one: str, other: str) -> bool:
    """Whether two actors are one person, or one of them stands in for the other."""
    return person(view, one) in circle(view, other) or person(view, other) in circle(view, one)
