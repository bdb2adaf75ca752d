"""How a company's own ratings teach what its marks weigh and how fast they fade."""

from collage.experience.learning.stages import FEWEST, depth_of, fit

__all__ = ["FEWEST", "depth_of", "fit"]
