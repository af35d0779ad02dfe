"""What each stage can be told: options, YAML keys and presets."""
