"""The public classes: networks from published models, a feature extractor, records with their splits."""
