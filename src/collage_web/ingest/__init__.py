"""For machines in: what arrives over HTTP becomes arrivals, or is refused with a reason its sender can act upon."""
