"""How everything looks: templates, partials, what is vendored, tags."""
