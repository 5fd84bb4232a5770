"""Run a command that ends when the one who started it does, however that happens: by the end of its standard input."""

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)

    def follow() -> None:
        os.read(sys.stdin.fileno(), 1)
        os.killpg(process.pid, signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
