"""The servers that runs talk to, as background processes of the user's machine."""
