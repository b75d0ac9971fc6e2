"""What happens to people, departments, roles and log-ins. Every act names its actor and leaves a change set."""
