#!/usr/bin/python3
"""A daemon that only speaks the protocol: its batches are arithmetic, its faults come on demand.

    fake_daemon.py --listen unix:PATH [--idle-exit SECONDS] [--relay HOST:PORT]

Settings of `open` choose what happens. Those that it shares with nnprepd: data.batch, data.dtype,
data.layout, data.slots, data.seed. Its own, at step N: fake.fail_at, fake.end_at, fake.drain_at,
fake.move_at; for all of a stream: fake.samples, fake.soft, fake.mix, fake.short (the last batch of
an epoch is short), fake.stall (no batch ever), fake.lie (a word that names what is wrong with
`opened`). The request `poke` {step, offset, value} changes a byte of a slot, at any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import mmap
import os
import selectors
import socket
import struct
import sys
import time
from pathlib import Path

import numpy as np

PAGE, HEADER = 4096, 1 << 21
HEIGHT, WIDTH, CLASSES = 40, 50, 10
DTYPES = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "uint8": "u1", "int64": "<i8"}
UNKNOWN = 2**64 - 1
F_ADD_SEALS, SEALS = 1033, 0x0002 | 0x0004 | 0x0010  # no shrinking, growing, further writers


def images_of(step: int, shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """The images of a step: small numbers, exact in every type, other ones in every step."""
    count = int(np.prod(shape))
    return ((np.arange(count) * 7 + step * 31 + seed) % 251).astype(DTYPES[dtype]).reshape(shape)


def labels_of(step: int, count: int) -> np.ndarray:
    return (np.arange(count) + step) % CLASSES


class Stream:
    """What one client has opened: a ring, and how far it is filled."""

    def __init__(self, message: dict) -> None:
        settings = dict(s.split("=", 1) for s in message["settings"])
        self.settings = {key: json.loads(value) for key, value in settings.items()}
        world, rank = message["world"], message["rank"]
        self.batch = self.get("data.batch", 8)
        self.count = self.batch // world
        self.rank = rank
        self.samples = self.get("fake.samples", 80)
        self.short = bool(self.get("fake.short", 0))
        self.steps = self.samples // self.batch + (self.short and self.samples % self.batch > 0)
        self.state = state = message.get("state")
        if state:
            self.start = state["epoch"] * self.steps + state["position"] // self.batch
        else:
            self.start = message.get("start", 4)  # absent: a stream that others have brought so far
        self.step = self.start
        self.dtype = self.get("data.dtype", "float32")
        image = (
            (3, HEIGHT, WIDTH) if self.get("data.layout", "nchw") == "nchw" else (HEIGHT, WIDTH, 3)
        )
        shapes = {
            "images": (self.dtype, (self.count, *image)),
            "label": ("int64", (self.count,)),
            "id": ("int64", (self.count,)),
            "weight": ("float32", (self.count,)),
        }
        if self.get("fake.mix", 0):
            shapes |= {"label_b": ("int64", (self.count,)), "lambda": ("float32", (self.count,))}
        if self.get("fake.soft", 0):
            shapes |= {"soft": ("float32", (self.count, CLASSES))}
        self.tensors, offset = {}, PAGE
        for name, (dtype, shape) in shapes.items():
            self.tensors[name] = (offset, dtype, shape)
            size = int(np.prod(shape)) * np.dtype(DTYPES[dtype]).itemsize
            offset += -(-size // PAGE) * PAGE
        self.slot_bytes = offset
        self.slots = self.get("data.slots", 4)
        self.new_ring()

    def get(self, key: str, default):
        return self.settings.get(key, default)

    def new_ring(self) -> None:
        self.first = self.step
        size = HEADER + self.slots * self.slot_bytes
        ring = os.memfd_create("ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(ring, size)
        self.memory = mmap.mmap(ring, size)
        self.memory[:40] = struct.pack(
            "<8sIIQQQ", b"TENFRING", 1, self.slots, self.slot_bytes, self.first, self.first
        )
        self.head = memoryview(self.memory)[:64].cast("Q")
        self.head[5] = UNKNOWN
        if self.get("fake.lie", "") != "unsealed":
            fcntl.fcntl(ring, F_ADD_SEALS, SEALS)
        control = os.memfd_create("control", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(control, PAGE)
        control_map = mmap.mmap(control, PAGE)
        control_map[:16] = struct.pack("<8sII", b"TENFCTRL", 1, self.slots)
        self.control = memoryview(control_map).cast("Q")
        self.ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.freed = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.fds = [ring, control, self.ready, self.freed]

    def layout(self) -> dict:
        tensors = [
            {"name": name, "offset": offset, "dtype": dtype, "shape": shape}
            for name, (offset, dtype, shape) in self.tensors.items()
        ]
        lie = self.get("fake.lie", "")
        if lie == "offset":
            tensors[0]["offset"] = self.slot_bytes
        elif lie == "shape":
            tensors[0]["shape"] = [1 << 20, 1 << 20]
        elif lie == "dtype":
            tensors[0]["dtype"] = "complex64"
        slots = self.slots + 1 if lie == "slots" else self.slots
        return {
            "slots": slots,
            "slot_bytes": self.slot_bytes,
            "header_bytes": HEADER,
            "tensors": tensors,
        }

    def opened(self) -> dict:
        epoch, step = divmod(self.start, self.steps)
        state = self.state or {
            "version": 1,
            "dataset": "fake",
            "epoch": epoch,
            "position": step * self.batch,
            "batch": self.batch,
            "last": "drop",
            "bad": 0,
        }
        return {
            "type": "opened",
            "stream": "fake",
            "private": True,
            "next": self.start,
            "samples": self.samples,
            "steps_per_epoch": self.steps,
            "classes": CLASSES,
            "soft_classes": 0,
            "height": HEIGHT,
            "width": WIDTH,
            "state": state,
            "ring": self.layout(),
        }

    def fill(self) -> list[dict]:
        """Make what there is room for; the events that come of it."""
        if self.get("fake.stall", 0):
            return []
        while self.head[5] > self.step:
            for what, event in (
                ("end", "ended"),
                ("fail", "failed"),
                ("drain", "draining"),
                ("move", "moved"),
            ):
                if self.get(f"fake.{what}_at", -1) == self.step and self.first < self.step:
                    self.head[5] = self.step
                    os.eventfd_write(self.ready, 1)
                    return [self.event(event)]
            slot = (self.step - self.first) % self.slots
            if (
                self.step - self.first >= self.slots
                and self.control[8 + slot] != 1 + self.step - self.slots
            ):
                break
            self.write(HEADER + slot * self.slot_bytes)
            self.step += 1
            self.head[4] = self.step
            os.eventfd_write(self.ready, 1)
        return []

    def event(self, kind: str) -> dict:
        if kind == "failed":
            return {
                "type": kind,
                "kind": "data",
                "place": "class1/broken",
                "message": "not an image",
            }
        if kind == "moved":
            self.old = self.memory, self.control, self.head
            self.new_ring()
            return {
                "type": kind,
                "at": self.step,
                "stream": "fake",
                "private": False,
                "ring": self.layout(),
            }
        return {"type": kind}

    def write(self, at: int) -> None:
        epoch, step = divmod(self.step, self.steps)
        valid = self.count
        if self.short and step == self.steps - 1 and self.samples % self.batch:
            valid = min(max(self.samples % self.batch - self.rank * self.count, 0), self.count)
        first = step * self.batch + self.rank * self.count
        struct.pack_into(
            "<IIQQIIQ",
            self.memory,
            at,
            1,
            epoch,
            self.step,
            first,
            self.count,
            valid,
            self.step % 3,
        )
        content = {
            "images": lambda shape: images_of(
                self.step, shape, self.dtype, self.get("data.seed", 0)
            ),
            "label": lambda shape: labels_of(self.step, shape[0]),
            "id": lambda shape: np.arange(shape[0]) + first,
            "weight": lambda shape: np.ones(shape),
            "label_b": lambda shape: labels_of(self.step + 1, shape[0]),
            "lambda": lambda shape: np.full(shape, 0.75),
            "soft": lambda shape: np.full(shape, 1 / CLASSES),
        }
        for name, (offset, dtype, shape) in self.tensors.items():
            array = np.ndarray(shape, DTYPES[dtype], self.memory, at + offset)
            array[...] = content[name](shape)

    def poke(self, step: int, offset: int, value: int) -> None:
        self.memory[HEADER + (step - self.first) % self.slots * self.slot_bytes + offset] = value


class Client:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.bytes = b""
        self.parts = ""
        self.stream: Stream | None = None

    def send(self, message: dict, fds: list[int] | None = None) -> None:
        body = json.dumps(message).encode()
        socket.send_fds(self.sock, [struct.pack("<I", len(body)) + body], fds or [])

    def receive(self) -> list[dict]:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError
        self.bytes += data
        messages = []
        while len(self.bytes) >= 4:
            (size,) = struct.unpack_from("<I", self.bytes)
            if len(self.bytes) < 4 + size:
                break
            messages.append(json.loads(self.bytes[4 : 4 + size]))
            self.bytes = self.bytes[4 + size :]
        return messages

    def answer(self, message: dict) -> None:
        reply = {"id": message["id"]}
        if message["type"] == "hello":
            self.send(reply | {"type": "welcome", "version": 1, "pid": os.getpid(), "configs": []})
        elif message["type"] == "part":
            self.parts += message["text"]
            self.send(reply | {"type": "ok"})
        elif message["type"] == "poke":
            self.stream.poke(message["step"], message["offset"], message["value"])
            self.send(reply | {"type": "ok"})
        elif message["type"] == "echo":
            self.send(
                reply
                | {
                    "type": "ok",
                    "parts": hashlib.sha256(self.parts.encode()).hexdigest(),
                    "opened": self.asked,
                }
            )
        elif message["type"] == "open":
            self.open(message, reply)

    def open(self, message: dict, reply: dict) -> None:
        self.asked = message
        if any("nosuch" in s for s in message["settings"]):
            place, text = "--set data.nosuch", "is no key of data; nearest: data.train"
            self.send(reply | {"type": "error", "kind": "usage", "place": place, "message": text})
            return
        self.stream = Stream(message)
        lie = self.stream.get("fake.lie", "")
        if lie == "length":
            self.sock.send(struct.pack("<I", 1 << 24))
        elif lie == "json":
            self.sock.send(struct.pack("<I", 3) + b"{]}")
        elif lie == "fds":
            self.send(reply | self.stream.opened(), self.stream.fds[:2])
        elif lie == "mute":
            pass
        else:
            self.send(reply | self.stream.opened(), self.stream.fds)


class Daemon:
    def __init__(self, listen: str, idle: float) -> None:
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX)
        path = Path(listen.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        self.listener.bind(str(path))
        self.listener.listen()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.clients = 0
        self.idle, self.since = idle, time.monotonic()

    def run(self) -> None:
        while self.clients or self.idle <= 0 or time.monotonic() < self.since + self.idle:
            for key, _ in self.selector.select(0.1):
                if key.fileobj is self.listener:
                    client = Client(self.listener.accept()[0])
                    self.clients += 1
                    self.selector.register(client.sock, selectors.EVENT_READ, client)
                elif key.fileobj is key.data.sock:
                    self.hear(key.data)
                else:
                    os.eventfd_read(key.fd)
                    self.go_on(key.data)

    def hear(self, client: Client) -> None:
        try:
            for message in client.receive():
                had = client.stream
                client.answer(message)
                if client.stream is not had:
                    self.selector.register(client.stream.freed, selectors.EVENT_READ, client)
                    self.go_on(client)
        except OSError:
            self.selector.unregister(client.sock)
            client.sock.close()
            for fd in [
                key.fd for key in list(self.selector.get_map().values()) if key.data is client
            ]:
                self.selector.unregister(fd)
            self.clients -= 1
            self.since = time.monotonic()

    def go_on(self, client: Client) -> None:
        for event in client.stream.fill():
            if event["type"] != "moved":
                client.send(event)
                continue
            client.send(event, client.stream.fds)
            self.selector.register(client.stream.freed, selectors.EVENT_READ, client)
            self.go_on(client)


def main() -> None:
    options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    daemon = Daemon(options["--listen"], float(options.get("--idle-exit", 0)))
    print(f"listening on {options['--listen']}", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    daemon.run()


if __name__ == "__main__":
    main()
