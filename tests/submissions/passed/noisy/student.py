"""Is right, and prints, warns, starts threads, seeds generators, changes defaults and writes files on the way."""

import logging
import threading
import time
import warnings

import numpy
import torch

print("imported", "\U0001f600", "\x1b[31m<b>")
logging.basicConfig(level=logging.DEBUG)
warnings.warn("this is only a warning")
torch.manual_seed(0)
numpy.random.seed(0)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(2)
torch.set_printoptions(profile="full")
threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
with open("notes \U0001f389\nnext.txt", "w") as file:
    file.write("x" * 1000)
編號 = 1


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        print(x)
        self.x = x
        return x.clamp(min=0) + self.alpha * x.clamp(max=0)

    def backward(self, dout):
        return dout * ((self.x > 0) + self.alpha * (self.x <= 0))


class Linear:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return x @ self.w.T + self.b

    def backward(self, dout):
        return dout @ self.w, dout.T @ self.x, dout.sum(dim=0)


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p, self.learn_rate, self.momentum, self.v = p, learn_rate, momentum, 0

    def step(self, gradient):
        self.v = self.momentum * self.v - self.learn_rate * gradient
        self.p += self.v
