"""What the answers to a study say: every figure with its interval, before and after exclusions."""
