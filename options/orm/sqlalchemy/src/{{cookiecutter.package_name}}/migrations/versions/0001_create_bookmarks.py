"""Create the table of bookmarks."""

import sqlalchemy as sa
from alembic import op

revision = "0001_create_bookmarks"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "bookmarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookmarks")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("bookmarks")
