"""Runs a program on a terminal of its own, and prints what is shown there.

usage: watch_terminal.py PROGRAM [ARGUMENT...]
"""

import fcntl
import os
import pty
import struct
import sys
import termios


def main() -> None:
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.environ["TERM"] = "xterm"
        os.execvp(sys.argv[1], sys.argv[1:])
    shown = bytearray()
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            # The other side of the terminal is closed.
            break
        if not read:
            break
        shown += read
    _, status = os.waitpid(process, 0)
    sys.stdout.buffer.write(shown)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
