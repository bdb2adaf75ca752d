"""The room of whoever serves customers: who is calling, and what can be done."""
