"""The typed edges: what comes in and goes out is validated here, by msgspec, and nowhere else."""
