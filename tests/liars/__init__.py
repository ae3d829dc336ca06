"""A separate job service, honest or lying, and what ``gesmock verify`` says of it."""
