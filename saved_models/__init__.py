"""Models ready to use, a folder each; installed as `ser_fop.saved_models`, found by `ser_fop.hub.published`."""
