"""Networks on diffusers and transformers: denoisers, conditions, EMA, checkpoints."""
