"""Everything that is made from the sources and not kept in git: front-end assets and message catalogues."""

from __future__ import annotations

import sys

from tools import frontend, messages


def main() -> int:
    """Build what is out of date; returns an exit status. With nothing to do this takes about 0.1 s."""
    status = frontend.build()
    messages.compile_catalogues()
    return status


if __name__ == "__main__":
    sys.exit(main())
