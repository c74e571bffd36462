"""The kinds of database as Django connects to them, measured."""
