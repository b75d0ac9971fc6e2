"""`python -m kemai.project.cli`."""

from kemai.project.cli import main

if __name__ == "__main__":
    main()
