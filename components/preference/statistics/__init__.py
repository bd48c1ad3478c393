"""What the answers to a study say: rates, worths, agreement, who clicked at random, plans."""
