"""Create the table of bookmarks."""

from django.core.validators import URLValidator
from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    """Add the table."""

    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Bookmark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "url",
                    models.CharField(max_length=2000, validators=[URLValidator(["http", "https"])]),
                ),
                ("title", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=timezone.now, editable=False)),
            ],
            options={"db_table": "bookmarks"},
        ),
    )
