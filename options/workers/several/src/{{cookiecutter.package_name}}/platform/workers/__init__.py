"""What several processes count, shown as one: their files, their limits, and what the kernel says."""
