"""``wufei`` and ``python -m gis_wufei``: nothing is loaded before Ctrl-C would be heard."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; an interrupt while its libraries load ends as quietly as one later."""
    try:
        from gis_wufei.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(130)  # cli.INTERRUPTED, which may not be loaded yet


if __name__ == "__main__":
    main()
