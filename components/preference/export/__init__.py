"""A study as its annotators get it: pages, images and task files, and the key apart from them."""
