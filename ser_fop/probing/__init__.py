"""What a pretrained network is worth: probes of its layers, and fine-tuning with few labelled speakers."""
