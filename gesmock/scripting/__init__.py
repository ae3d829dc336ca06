"""What a test scripts through ``Script``: one room for each thing that it can hold."""
