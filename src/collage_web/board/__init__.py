"""For leads, managers, analysts and administrators: sources, quarantine, imports, colleagues, the audit log."""
