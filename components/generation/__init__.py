"""Images from a checkpoint: where networks, process and sampling meet."""
