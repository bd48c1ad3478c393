"""The reverse process: time grids, per-sample noise, denoisers, guidance, solvers.

Imports only torch (and `components.process`).
"""
