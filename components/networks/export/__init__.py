"""A model as folders and files that other programs read. Its door is `folder.save_diffusers`."""
