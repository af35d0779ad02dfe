"""What a network is pretrained to do."""
