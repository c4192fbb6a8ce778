"""The loop of a contender that is written in Python; serve.ts is its twin. Needs NumPy alone."""

import json
import os
import struct
import sys
import time

import numpy

DTYPES = {"F32": numpy.float32, "I32": numpy.int32}
TAGS = {"float32": "F32", "int32": "I32"}


def read_tensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = numpy.frombuffer(body[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
    return tensors


def write_tensors(path, tensors):
    header, body, offset = {}, [], 0
    for name, value in tensors.items():
        value = numpy.ascontiguousarray(value)
        end = offset + value.nbytes
        header[name] = {"dtype": TAGS[value.dtype.name], "shape": list(value.shape), "data_offsets": [offset, end]}
        body.append(value.tobytes())
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(body))


def milliseconds(run, runs, now=time.perf_counter):
    start = now()
    for _ in range(runs):
        run()
    return (now() - start) * 1000 / runs


def last_of(run, least, duration):
    """Runs for so many milliseconds, and at least so many times; milliseconds of the last run."""
    start, runs, last = time.perf_counter(), 0, 0.0
    while runs < least or (time.perf_counter() - start) * 1000 < duration:
        last = milliseconds(run, 1)
        runs += 1
    return last


def serve(about, prepare):
    """`about()` gives a dict; `prepare(case, data)` a pair of functions: run, and results (a dict of arrays)."""
    # Whatever a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    ready = {}

    def handle(command):
        op = command["op"]
        if op == "about":
            return about()
        slot = command["slot"]
        if op == "prepare":
            ready[slot] = prepare(command["case"], read_tensors(command["data"]))
            return {"done": True}
        if op == "drop":
            del ready[slot]
            return {"done": True}
        run, results = ready[slot]
        if op == "results":
            write_tensors(command["path"], results())
            return {"done": True}
        if op == "warm":
            return {"ms": last_of(run, 2, command["milliseconds"])}
        if op == "sample":
            last_of(run, 0, command["leadIn"])
            return {"ms": milliseconds(run, command["runs"], time.process_time if command["clock"] == "cpu" else time.perf_counter)}
        raise ValueError(f"this contender has no {op}")

    for line in sys.stdin:
        try:
            answer = handle(json.loads(line))
        except Exception as error:  # the run goes on with the next case; the table names the error
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
