"""HTTP server with TF Serving's REST API, for one machine.

A client can move to TF Serving by a change of the address.
"""
