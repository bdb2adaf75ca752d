"""Collage on the web: touchpoints arrive live, and whoever serves the customer next sees what they add up to."""
