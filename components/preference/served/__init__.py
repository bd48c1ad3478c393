"""A study as a small web application: links, answers on disk, and how far it is."""
