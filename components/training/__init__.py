"""Training a denoiser: batches, the LightningModule, what is watched meanwhile, the stage."""
