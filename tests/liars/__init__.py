"""A job service of its own, that lies or does not, and what ``gesmock verify`` says of it."""
