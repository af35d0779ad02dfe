"""Settings of each stage: options, YAML keys and presets."""
