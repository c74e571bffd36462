"""The Django site: the hosts it answers to, its admin pages, and its management commands."""
