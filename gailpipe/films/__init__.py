"""Moving pictures of policies."""
