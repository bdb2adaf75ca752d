"""Run the command as ``python -m collage.cli``."""

import sys

from collage.cli import main

sys.exit(main())
