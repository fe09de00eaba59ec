"""The review of data: what it finds, how it shows it, and that nothing hostile gets through."""
