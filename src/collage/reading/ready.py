"""The maps that come with Collage, ready for records of well-known kinds."""

from __future__ import annotations

from importlib import resources

from collage.errors import MapError

__all__ = ["ready"]

_ENDING = ".toml"


def ready(name: str) -> str:
    """Return the text of a map that comes with Collage.

    Parameters
    ----------
    name
        ``native`` (records are touchpoints by our contract) or ``segment`` (events as Segment's libraries send them).

    Returns
    -------
    str
        TOML, for `parse_map`.

    Raises
    ------
    MapError
        When there is none of this name.
    """
    maps = resources.files("collage.reading") / "maps"
    names = sorted(each.name.removesuffix(_ENDING) for each in maps.iterdir() if each.name.endswith(_ENDING))
    if name not in names:
        raise MapError(f"find the ready map {name!r}", "none of this name", f"name one of: {', '.join(names)}")
    return (maps / f"{name}{_ENDING}").read_text(encoding="utf-8")
