"""What extractors see in images, made once and kept by content key."""
