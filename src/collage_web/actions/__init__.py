"""Verbs, one module a subject: the only room that writes. Each checks, locks, writes, and records who and why."""
