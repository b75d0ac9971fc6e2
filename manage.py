"""Django's own commands (makemigrations and the like); users have `kemai`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kemai.project.settings")
    from kemai.project import settings  # noqa: F401  (puts the newer SQLite in place before Django looks for it)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
