"""The process that reads a large file."""

from kemai.platform.imports.jobs import in_the_child
from kemai.platform.jobs import child

if __name__ == "__main__":
    child.main(in_the_child)
