"""The experiment's flow: phases, worker processes, records, the report's place."""
