"""Django's own commands (makemigrations and the like); users have `kemai`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kemai.project.settings")
    from importlib import import_module

    # puts the newer SQLite in place before Django looks for it
    import_module("kemai.project.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
