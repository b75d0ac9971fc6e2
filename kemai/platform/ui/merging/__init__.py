"""The page on which several records become one."""
