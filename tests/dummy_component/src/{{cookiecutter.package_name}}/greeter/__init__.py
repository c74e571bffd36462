"""A component that greets: the smallest one that has every part."""
