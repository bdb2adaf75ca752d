"""Raw exports → rows of our tables, by a declarative map; one file a format."""

from collage.reading.accounts import FileCount, TableCount
from collage.reading.mapping import Map, parse_map
from collage.reading.read import Reading, read
from collage.reading.suggest import suggest

__all__ = ["FileCount", "Map", "Reading", "TableCount", "parse_map", "read", "suggest"]
