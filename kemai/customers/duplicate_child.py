"""The process that looks for doubles."""

from kemai.customers.services.duplicate_runs import in_the_child
from kemai.platform.jobs import child

if __name__ == "__main__":
    child.main(in_the_child)
