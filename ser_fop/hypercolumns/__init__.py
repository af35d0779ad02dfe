"""What a pretrained network knows, handed to other classifiers."""
