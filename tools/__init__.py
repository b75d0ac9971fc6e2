"""What the project needs to build and check itself. Nothing here is part of the product."""
