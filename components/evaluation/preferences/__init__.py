"""Models that were trained on people's choices between images, as judges from local weights."""
