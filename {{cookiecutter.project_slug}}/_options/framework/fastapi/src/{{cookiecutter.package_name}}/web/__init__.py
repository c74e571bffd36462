"""The web adapter: what FastAPI makes different, and nothing else."""
