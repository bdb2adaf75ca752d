"""Run the command as ``python -m collage.cli``."""

from collage.cli import run

run()
