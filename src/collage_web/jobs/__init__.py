"""For the clock: what is done without anybody asking. Each job calls one action."""
