"""Run a command that ends when the one who started it does, however that happens: by the end of its standard input.

Nor does the command outlive a signal that ends its leash.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)

    def follow() -> None:
        os.read(sys.stdin.fileno(), 1)
        os.killpg(process.pid, signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
