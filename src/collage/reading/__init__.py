"""Raw exports → rows of our tables, by a declarative map; one file a format."""

from collage.reading.accounts import FileCount, TableCount
from collage.reading.live import Live, live
from collage.reading.mapping import Map, parse_map
from collage.reading.read import Reading, read
from collage.reading.ready import ready
from collage.reading.suggest import suggest

__all__ = ["FileCount", "Live", "Map", "Reading", "TableCount", "live", "parse_map", "read", "ready", "suggest"]
