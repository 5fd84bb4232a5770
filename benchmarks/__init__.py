"""What the repository itself costs those who work in it."""
