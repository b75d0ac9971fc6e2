"""The demo company: made in memory (`company`), stored through the write door (`load`); real data (`real`)."""
