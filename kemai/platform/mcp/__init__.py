"""The door of assistants: the Model Context Protocol over one address, with the rights of a token."""
