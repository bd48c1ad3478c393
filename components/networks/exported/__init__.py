"""Files that an exported model takes along. They import diffusers and torch alone."""
