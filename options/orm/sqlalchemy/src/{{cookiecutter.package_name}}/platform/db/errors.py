"""What can be wrong with the schema; each message says what to do and holds no secret."""

from alembic.util import CommandError

# The database cannot be opened, or its schema was made by other code than this. `alembic` prints
# it as one line, as its own.
CannotMigrate = CommandError


class MigrationsPending(Exception):  # noqa: N818 - the name says what is wrong
    """The schema is behind the code; the message names what is missing."""
