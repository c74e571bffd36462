"""Several processes that count as one: the memory they share, their limits, and what a scrape shows."""
