"""Pages of customers that are particular to them."""
