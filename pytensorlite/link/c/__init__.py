"""The C linker: a rewritten graph becomes one C program."""
