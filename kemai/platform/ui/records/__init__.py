"""The pages of one record: page, forms, edit in place, timeline, related lists, history, files."""
