"""The target: what is asked, the server behind ``--target``; who asks it, and how it is reached."""
