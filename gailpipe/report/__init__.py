"""What reviewers read: the table, the figures, the page and the metrics."""
