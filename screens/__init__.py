"""The pages that people read, opened in a browser: pictures of them, and what must hold there."""
