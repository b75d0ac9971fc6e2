"""What happens to tasks and notices."""
