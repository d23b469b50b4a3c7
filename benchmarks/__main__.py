"""`python -m benchmarks [check|engine|serving|durable|blob|routes]…`"""

import importlib
import sys

ALL = ("check", "engine", "routes", "serving", "durable", "blob")

if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if name not in ALL]
    if unknown:
        sys.exit(f"{unknown[0]} is no benchmark; choose from {', '.join(ALL)}")
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
