"""What a user would write today for one cell of a sweep, a process each: train, sample, evaluate.

They use diffusers, clean-fid, prdc and torchmetrics as those libraries' own examples do, and
nothing of alphabar's but the two networks that judge, which both sides must share.
"""
