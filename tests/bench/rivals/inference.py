#!/usr/bin/python3
"""inference.py [ROUNDS] - images a second of ResNet-18 and ResNet-50, 224 x 224, batch 16, one thread, by PyTorch, ONNX Runtime and
tests/bench/bench_infer (`conv: fast` and `conv: exact`): interleaved, medians, and the medians of the rounds' ratios. Before it times,
it compares all logits with those of PyTorch in double precision, on the same weights (torchvision's architectures, random weights, running
statistics of random images) and images.

Needs Debian's python3-torch and python3-torchvision and, from Python's index, onnxruntime (which a virtual environment made with
--system-site-packages may hold: run the script with that one's python3). Run `make bench` or `make build/gcc/tests/bench/bench_infer`
first.
"""
import json
import statistics
import struct
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import onnxruntime
    import torch
    import torchvision
except ImportError as error:
    sys.exit(f'inference.py: {error}; install python3-torch and python3-torchvision, and onnxruntime for the same python3')

BATCH, SIZE = 16, 224
BOUND = 1e-4  # of the largest logit, against double precision


def save_safetensors(path, tensors, metadata=None):
    """Float32 arrays by name, as docs/formats.md says of weights."""
    header, at = {'__metadata__': metadata} if metadata else {}, 0
    for name, array in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': list(array.shape), 'data_offsets': [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array, dtype='<f4').tobytes())


def make_net(name):
    """An architecture with weights whose signals keep their size: statistics of batch normalization are those of random images."""
    torch.manual_seed(1)
    net = getattr(torchvision.models, name)(weights=None)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1
    with torch.no_grad():
        net.train()(torch.randn(4, 3, SIZE, SIZE))
    return net.eval()


class Ours:
    """bench_infer, which runs once for each line that it reads."""

    def __init__(self, name, way, folder):
        self.process = subprocess.Popen(
            ['build/gcc/tests/bench/bench_infer', f'configs/models/{name}.yaml={folder}/net.safetensors', f'{folder}/x.npy',
             f'{folder}/{way}.npy', way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kernels = self.process.stdout.readline().strip()
        if not self.kernels:
            sys.exit(f'inference.py: bench_infer does not run {name}')
        self.logits = np.load(f'{folder}/{way}.npy')

    def run(self):
        self.process.stdin.write('run\n')
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def open_onnx(net, x, folder):
    torch.onnx.export(net, x, f'{folder}/net.onnx', input_names=['x'], output_names=['y'], opset_version=13)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(f'{folder}/net.onnx', options, providers=['CPUExecutionProvider'])


def timed(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def compare(name, rounds, folder):
    net = make_net(name)
    x = torch.randn(BATCH, 3, SIZE, SIZE)
    np.save(f'{folder}/x.npy', x.numpy())
    save_safetensors(f'{folder}/net.safetensors',
                     {key: value.numpy() for key, value in net.state_dict().items() if value.dtype == torch.float32})
    session = open_onnx(net, x, folder)
    ours = {way: Ours(name, way, folder) for way in ('fast', 'exact')}
    with torch.inference_mode():
        logits = {'PyTorch': net(x).numpy(), 'ONNX Runtime': session.run(None, {'x': x.numpy()})[0],
                  **{f'conv: {way}': our.logits for way, our in ours.items()}}
        exact = net.double()(x.double()).numpy()
        net.float()
        largest = abs(exact).max()
        for who, found in logits.items():
            error = abs(found - exact).max() / largest
            print(f'{name}: {who}: logits within {error:.1e} of the largest, {largest:.3g}, in double precision')
            if not error < BOUND:
                sys.exit(f'inference.py: {name}: {who} is further than {BOUND:g} from double precision')
        runs = {'PyTorch': lambda: timed(lambda: net(x)), 'ONNX Runtime': lambda: timed(lambda: session.run(None, {'x': x.numpy()})),
                'conv: fast': ours['fast'].run, 'conv: exact': ours['exact'].run}
        times = {who: [] for who in runs}
        for i in range(rounds + 1):  # the first warms up
            for who, run in runs.items():
                seconds = run()
                if i:
                    times[who].append(seconds)
    for our in ours.values():
        our.close()
    print(f'{name}: {ours["fast"].kernels}; {rounds} rounds')
    for who, all_ in times.items():
        ratios = [statistics.median(b / a for a, b in zip(all_, times[rival])) for rival in ('PyTorch', 'ONNX Runtime')]
        print(f'| {name} | {who} | {BATCH / statistics.median(all_):.1f} images/s | {ratios[0]:.2f} of PyTorch | {ratios[1]:.2f} of ONNX Runtime |')


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    torch.set_num_threads(1)
    print(f'PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}; batch {BATCH} of {SIZE} x {SIZE}, one thread, processor '
          'time, medians')
    for name in ('resnet18', 'resnet50'):
        with tempfile.TemporaryDirectory() as folder:
            compare(name, rounds, folder)


main()
