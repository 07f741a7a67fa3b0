"""Ends itself with SIGABRT, as C code does that has found itself broken."""

import os


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        os.abort()
