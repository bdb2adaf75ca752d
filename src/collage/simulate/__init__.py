"""Made-up companies whose causes are known."""

from collage.simulate.exports import Export, Exports, write_exports

__all__ = ["Export", "Exports", "write_exports"]
