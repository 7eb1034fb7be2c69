"""A small, very fast graph compiler with the API of PyTensor."""
