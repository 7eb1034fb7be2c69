"""`python -m pytensorlite`: the doctor, unless another command is named."""

import sys

from pytensorlite.commands.main import main

words = sys.argv[1:]
sys.exit(main(["doctor", *words] if words in ([], ["--json"]) else words))
