"""Speed and memory, measured against a floor in the same run: ``python -m bench``."""
