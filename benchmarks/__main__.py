"""`python -m benchmarks [check|engine|serving|durable|blob|routes]…`"""

import importlib
import sys

ALL = ("check", "engine", "routes", "serving", "durable", "blob")

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
