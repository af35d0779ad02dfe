"""Error of a request."""


class RequestError(Exception):
    """An invalid request.

    Args:
        status: HTTP status, the same as TF Serving uses for this error.
        message: Text of the error. The body of the response is `{"error": message}`.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
