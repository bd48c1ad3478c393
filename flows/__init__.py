"""What runs, in which order: the command line, Prefect flows, servers and deployments."""
