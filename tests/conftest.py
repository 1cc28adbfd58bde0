"""What all tests need."""

import signal

# A run in the background of a script (`&`, `nohup`) is started with SIGINT ignored, and so would be the commands
# that tests start and interrupt: only what is ignored is inherited, not a handler.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
