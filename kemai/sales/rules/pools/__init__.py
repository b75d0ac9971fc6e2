"""What may be taken out of a pool, when records come back to one, and who gets a new lead."""
