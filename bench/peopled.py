"""People a house for a measurement: a colleague, a source, names of customers, figures: `python -m bench.peopled`."""

from __future__ import annotations

import json
import os
import random
import sys
from datetime import UTC, datetime
from typing import Final

import django

_SYLLABLES: Final = "ba be bi bo da de di do fa fe ka ke ki la le li lo ma me mi na ne ni ra re ri sa se si ta te ti va"
_WORDS, _ASKED, _SAMPLE, _AT_ONCE = 4_000, 100, 400, 2_000


def main() -> None:
    """Do it, and print as JSON what the measurement asks for."""
    django.setup()
    from collage_web.actions import figuring, naming, sourcing, welcoming  # noqa: PLC0415  # Django is set up first
    from collage_web.records.keys import new_key  # noqa: PLC0415  # as above
    from collage_web.records.models import Identifier, Role, Touchpoint, Trait  # noqa: PLC0415  # as above

    now, chance = datetime.now(UTC), random.Random(1)
    welcoming.admit("agent@example.org", "agent", Role.MANAGER, sys.argv[1], by=None, now=now)
    source, key = sourcing.create("till", "native", by=None, now=now, new_key=lambda: new_key(os.urandom))
    sourcing.change(source, map_="", origins="", rate=100_000, most_bytes=32_768, quiet_after_s=None, by=None, now=now)
    first = dict(Identifier.objects.order_by("-id").values_list("customer", "value"))
    words = [_word(chance) for _ in range(_WORDS)]
    names = {who: f"{chance.choice(words)} {chance.choice(words)}" for who in first.values()}
    Trait.objects.bulk_create(
        [Trait(identifier=who, name=Trait.Name.NAME, value=name, said_at=now) for who, name in names.items()],
        batch_size=_AT_ONCE,
    )
    every = list(names)
    for place in range(0, len(every), _AT_ONCE):
        naming.named(every[place : place + _AT_ONCE])
    if "figures" in sys.argv:
        figuring.figure(clock=lambda: datetime.now(UTC))
    some = chance.sample(every, min(_ASKED, len(every)))
    told = {
        "key": key,
        "busy": Identifier.objects.get(value="user:busy").customer,
        "customers": chance.sample(sorted(first), min(_SAMPLE, len(first))),
        "touchpoints": Touchpoint.objects.count(),
        "searched": [*some, *(names[who][:-1] + "x" for who in some)],  # as they are known, and by a name misspelt
    }
    print(json.dumps(told))


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES.split(), k=chance.randint(2, 4))).capitalize()


if __name__ == "__main__":
    main()
