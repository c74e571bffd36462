"""A web service whose metrics are declared once, bounded, documented and tested."""
