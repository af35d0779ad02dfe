"""A server for one machine with TF Serving's REST surface, so that a client moves to TF Serving by changing an address."""
