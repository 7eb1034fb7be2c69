"""What is typed at a prompt: `pytensorlite`, `pytensorlite-cache`, `python -m pytensorlite`.

Nothing here builds graphs; commands look at the cache, the compiler and the machine.
"""
