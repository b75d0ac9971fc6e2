"""The command line: `kemai`."""

from kemai.project.cli.root import main

__all__ = ["main"]
