"""Images: where they come from, how they are kept, and what becomes of their pixels."""
