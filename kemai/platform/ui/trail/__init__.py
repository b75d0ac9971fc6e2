"""The pages of what was done: changes and their undo, the audit, how long things are kept, who had a record."""
