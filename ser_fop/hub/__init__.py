"""Networks and published models by name or path."""
