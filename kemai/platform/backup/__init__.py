"""Backups: one file that holds the database, the files, the sealed audit and the secret; and what is made of it.

Modules are imported one by one: `cipher`, `archive` and `restoring` work before Django is set up."""
