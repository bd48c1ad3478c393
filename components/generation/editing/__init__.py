"""Editing with a sampler: inversion, walks between two seeds, image to image, inpainting.

Images go in and come out as uint8, (n, height, width, channel). Result k belongs to image k
and is of seed ``sampling.seed`` + k, whatever the batch.
"""
