"""The pages on which administrators define objects, fields, layouts and the configuration as a whole."""
