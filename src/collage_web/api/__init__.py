"""The room of machines that ask: customers as JSON."""
