"""The error that a client receives."""


class RequestError(Exception):
    """A request that cannot be answered.

    Args:
        status: HTTP status, the one that TF Serving gives for the same fault.
        message: Goes into the body as `{"error": message}`.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
