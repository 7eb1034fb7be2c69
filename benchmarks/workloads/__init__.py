"""One file per family of workloads."""
