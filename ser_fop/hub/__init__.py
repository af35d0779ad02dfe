"""Load networks and published models by name or path."""
