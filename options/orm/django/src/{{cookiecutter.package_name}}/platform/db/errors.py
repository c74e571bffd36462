"""What can be wrong with the schema; each message says what to do and holds no secret."""


class MigrationsPending(Exception):  # noqa: N818 - the name says what is wrong
    """The schema is behind the code; the message names what is missing."""


class CannotMigrate(Exception):  # noqa: N818 - as above
    """The database cannot be opened, or its schema was made by other code than this."""
