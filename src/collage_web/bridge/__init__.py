"""Between rows and the core's tables: the only room that knows both."""
