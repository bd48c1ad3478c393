"""Stable Diffusion in one file, in the names of its first code (LDM), which other programs read.

Rombach et al. 2022, CompVis/latent-diffusion; the names are the inverse of what diffusers'
`from_single_file` turns them into. Its door is `write.save_single_file`.
"""
