"""The forward process: schedules, prediction targets, noise. Imports only torch."""
