"""n clients, one truth: whatever clients did at once is what one client does alone in the order of the log."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from bizcore.company import Company
from bizcore.kernel.errors import Invalid, NotFound, Refused
from bizcore.testing.machine import SINGLE, Machine, Step
from bizcore.testing.sound import sound
from bizcore.testing.toys import CURRENCY, Note, Person, Rule, ToyDesk

CLIENTS = 6
ACTS = 150


def company(url: str) -> Company:
    kinds = [Note, Person, Rule]
    return Company.create("acme", currency=CURRENCY, store=url, desks=[ToyDesk], kinds=kinds, actor="ann")


def acts_of(acme: Company, client: int) -> list[list[tuple[Any, str]]]:
    """What one client sends: single acts and batches, all about the same few accounts, lots and notes."""
    source, machine, sent = random.Random(f"client {client}"), Machine(acme), []
    for number in range(ACTS):
        batch = []
        for part in range(3 if number % 10 == 9 else 1):
            key = f"{client} {number:03d} {part}"
            # A multiple of four: names from the few that all clients share.
            one = Step(
                source.choice(SINGLE), 4 * source.randrange(100), source.randrange(1000), source.randrange(1, 400)
            )
            batch.append((machine._made(one, key)[0], key))
        sent.append(batch)
    return sent


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/books.db"])
def test_the_log_played_by_one_client_gives_the_same_state(tmp_path: Path, url: str) -> None:
    acme = company(url.format(tmp_path))
    plans = [acts_of(acme, client) for client in range(CLIENTS)]
    refused = [0] * CLIENTS
    errors: list[BaseException] = []
    start = threading.Barrier(CLIENTS)

    def send(client: int) -> None:
        start.wait()
        try:
            for batch in plans[client]:
                try:
                    acme.apply_each(batch) if len(batch) > 1 else acme.apply(batch[0][0], key=batch[0][1])
                except (Refused, Invalid, NotFound):  # a conflict would be the company's to solve
                    refused[client] += 1
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
            errors.append(error)

    clients = [threading.Thread(target=send, args=(client,)) for client in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    assert errors == []
    assert 0 < sum(refused) < CLIENTS * ACTS * 0.7
    sound(acme)
    sent = {key: act for plan in plans for batch in plan for act, key in batch}
    alone = company("memory:")
    for done in acme.log():
        assert alone.apply(sent[done.key], key=done.key).position == done.position
    assert alone.state_hash() == acme.state_hash()
    acme.close()
