"""The one exception that a user is meant to read."""


class UserError(Exception):
    """What was wrong, where, and what would be right, in one sentence; shown without a traceback."""
