"""Show a review: as one HTML page, as lines for a terminal, as Markdown, as data for programs."""
