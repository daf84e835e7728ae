#!/usr/bin/python3
"""Random weights of PyTorch's networks, saved under their own names, give in ours PyTorch's logits: largest difference below
1e-3 of the largest logit, same order of the best five. Also fully convolutionally, on planes that are larger than declared.

Usage: check_networks.py RUN_NETWORK [NAME ...]
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
models = os.path.join(here, '../../configs/models')


def save(state, path):
    """A state dict as safetensors: length of the header, JSON, then the tensors (docs/networks.md has the same lines)."""
    tensors = {k: v.numpy().astype('<f4') for k, v in state.items() if v.is_floating_point()}
    header, at = {}, 0
    for name, t in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [at, at + t.nbytes]}
        at += t.nbytes
    text = json.dumps(header).encode()
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for t in tensors.values():
            file.write(t.tobytes())


def option_a(x, out, stride):
    more = (out - x.shape[1]) // 2
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, more, more))


class CifarBlock(nn.Module):
    def __init__(self, c, out, stride, begins):
        super().__init__()
        self.out, self.stride, self.begins = out, stride, begins
        self.bn1, self.conv1 = nn.BatchNorm2d(c), nn.Conv2d(c, out, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(out), nn.Conv2d(out, out, 3, 1, 1, bias=False)

    def forward(self, x):
        y = F.relu(self.bn1(x))
        short = option_a(y, self.out, self.stride) if self.begins else x
        return self.conv2(F.relu(self.bn2(self.conv1(y)))) + short


class PreResNet(nn.Module):
    """He et al., arXiv:1603.05027."""

    def __init__(self, n):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.layer1 = nn.Sequential(*[CifarBlock(16, 16, 1, False) for _ in range(n)])
        self.layer2 = nn.Sequential(CifarBlock(16, 32, 2, True), *[CifarBlock(32, 32, 1, False) for _ in range(n - 1)])
        self.layer3 = nn.Sequential(CifarBlock(32, 64, 2, True), *[CifarBlock(64, 64, 1, False) for _ in range(n - 1)])
        self.bn, self.linear = nn.BatchNorm2d(64), nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.layer3(self.layer2(self.layer1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


class CifarResNet(nn.Module):
    """He et al., arXiv:1512.03385, section 4.2."""

    class Block(nn.Module):
        def __init__(self, c, out, stride):
            super().__init__()
            self.out, self.stride = out, stride
            self.conv1, self.bn1 = nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
            self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(y + option_a(x, self.out, self.stride))

    def __init__(self, n):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        stage = lambda c, out, stride: nn.Sequential(self.Block(c, out, stride), *[self.Block(out, out, 1) for _ in range(n - 1)])
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


class WideBlock(nn.Module):
    def __init__(self, c, out, stride):
        super().__init__()
        self.same = c == out
        self.bn1, self.conv1 = nn.BatchNorm2d(c), nn.Conv2d(c, out, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(out), nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.convShortcut = None if self.same else nn.Conv2d(c, out, 1, stride, bias=False)

    def forward(self, x):
        y = F.relu(self.bn1(x))
        return self.conv2(F.relu(self.bn2(self.conv1(y)))) + (x if self.same else self.convShortcut(y))


class WideStage(nn.Module):
    def __init__(self, n, c, out, stride):
        super().__init__()
        self.layer = nn.Sequential(*[WideBlock(c if i == 0 else out, out, stride if i == 0 else 1) for i in range(n)])

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    """Zagoruyko and Komodakis, arXiv:1605.07146."""

    def __init__(self, depth, k):
        super().__init__()
        n = (depth - 4) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.block1 = WideStage(n, 16, 16 * k, 1)
        self.block2 = WideStage(n, 16 * k, 32 * k, 2)
        self.block3 = WideStage(n, 32 * k, 64 * k, 2)
        self.bn1, self.fc = nn.BatchNorm2d(64 * k), nn.Linear(64 * k, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.block3(self.block2(self.block1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


class SqueezeExcite(nn.Module):
    """CIFAR ResNet-20 with squeeze and excitation (Hu et al., arXiv:1709.01507)."""

    class Block(CifarResNet.Block):
        def __init__(self, c, out, stride):
            super().__init__(c, out, stride)
            self.se = nn.Module()
            self.se.fc1, self.se.fc2 = nn.Conv2d(out, out // 8, 1), nn.Conv2d(out // 8, out, 1)

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            gate = torch.sigmoid(self.se.fc2(F.relu(self.se.fc1(y.mean((2, 3), keepdim=True)))))
            return F.relu(y * gate + option_a(x, self.out, self.stride))

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        stage = lambda c, out, stride: nn.Sequential(self.Block(c, out, stride), self.Block(out, out, 1), self.Block(out, out, 1))
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    forward = CifarResNet.forward


class Bias(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.randn(1) / 4)

    def forward(self, x):
        return x + self.bias


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(1 + torch.randn(1) / 4)

    def forward(self, x):
        return x * self.scale


class Fixup(nn.Module):
    """ResNets without normalization (Zhang et al., arXiv:1901.09321), shortcut A."""

    class Block(nn.Module):
        def __init__(self, c, out, stride):
            super().__init__()
            self.out, self.stride, self.begins = out, stride, c != out
            self.conv1, self.conv2 = nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.Conv2d(out, out, 3, 1, 1, bias=False)
            self.bias1a, self.bias1b, self.bias2a, self.bias2b, self.scale = Bias(), Bias(), Bias(), Bias(), Scale()

        def forward(self, x):
            z = self.bias1a(x)
            y = self.conv2(self.bias2a(F.relu(self.bias1b(self.conv1(z)))))
            return F.relu(self.bias2b(self.scale(y)) + (option_a(z, self.out, self.stride) if self.begins else x))

    def __init__(self, n):
        super().__init__()
        stage = lambda c, out, stride: nn.Sequential(self.Block(c, out, stride), *[self.Block(out, out, 1) for _ in range(n - 1)])
        self.conv1, self.bias1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), Bias()
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.bias2, self.fc = Bias(), nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bias1(self.conv1(x))))))
        return self.fc(self.bias2(x.mean((2, 3))))


class TwoLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(3072, 100), nn.Linear(100, 10)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def sliding_classifier(net, x):
    """The features, then the classifier's linear layers as convolutions; the mean of the logits over the places."""
    x, first = net.features(x), True
    for layer in net.classifier:
        if isinstance(layer, nn.Linear):
            c = x.shape[1]
            side = round((layer.in_features / c) ** 0.5)
            x = F.conv2d(x, layer.weight.reshape(-1, c, side, side), layer.bias)
        else:
            x = layer(x)
    return x.mean((2, 3))


tv = torchvision.models
photo, cifar = (224, 224), (32, 32)
# file: network, input sizes, how it runs at sizes that are not the first
networks = {
    'cifar_resnet20': (lambda: CifarResNet(3), [cifar, (40, 36)], None),
    'cifar_resnet110': (lambda: CifarResNet(18), [cifar], None),
    'cifar_preresnet20': (lambda: PreResNet(3), [cifar], None),
    'cifar_preresnet110': (lambda: PreResNet(18), [cifar], None),
    'wrn_16_4': (lambda: WideResNet(16, 4), [cifar], None),
    'wrn_28_10': (lambda: WideResNet(28, 10), [cifar], None),
    'cifar_se_resnet20': (SqueezeExcite, [cifar], None),
    'cifar_resnet110_sd': (lambda: CifarResNet(18), [cifar], None),
    'fixup_resnet20': (lambda: Fixup(3), [cifar], None),
    'two_layer': (TwoLayer, [cifar], None),
    'resnet18': (tv.resnet18, [photo, (256, 300)], None),
    'resnet34': (tv.resnet34, [photo], None),
    'resnet50': (tv.resnet50, [photo, (250, 231)], None),
    'resnet101': (tv.resnet101, [photo], None),
    'resnet152': (tv.resnet152, [photo], None),
    'wide_resnet50_2': (tv.wide_resnet50_2, [photo], None),
    'resnext50_32x4d': (tv.resnext50_32x4d, [photo], None),
    'vgg11': (tv.vgg11, [photo, (256, 310)], sliding_classifier),
    'vgg11_bn': (tv.vgg11_bn, [photo], None),
    'vgg16': (tv.vgg16, [photo], None),
    'vgg16_bn': (tv.vgg16_bn, [photo], None),
    'squeezenet1_1': (tv.squeezenet1_1, [photo, (257, 301)], None),
    'mobilenet_v2': (tv.mobilenet_v2, [photo, (192, 260)], None),
    'alexnet': (tv.alexnet, [photo, (290, 357)], sliding_classifier),
}


def check(program, name, folder):
    make, sizes, sliding = networks[name]
    torch.manual_seed(1)
    net = make()
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        for m in norms:
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, -0.2, 0.2)
            m.momentum = None  # running statistics: the plain mean over the batches below
        if norms:
            net.train()
            for _ in range(2):
                net(torch.randn(4, 3, *sizes[0]))
        net.eval()
        save(net.state_dict(), folder + '/w.safetensors')
        for i, size in enumerate(sizes):
            x = torch.randn(2, 3, *size)
            expected = (sliding if sliding and i else lambda net, x: net(x))(net, x).numpy()
            np.save(folder + '/x.npy', x.numpy())
            subprocess.run([program, f'{models}/{name}.yaml={folder}/w.safetensors', folder + '/x.npy', folder + '/y.npy'], check=True)
            ours = np.load(folder + '/y.npy')
            error = np.abs(ours - expected).max() / np.abs(expected).max()
            best = lambda z: np.argsort(-z, axis=1, kind='stable')[:, :5]
            order = (best(ours) == best(expected)).all()
            parameters = sum(p.numel() for p in net.parameters())
            print(f'{name:20} {size[0]}x{size[1]}  {parameters:10} parameters  logits within {error:.1e}, top-5 {"same" if order else "DIFFER"}')
            if not (error < 1e-3 and order):
                return False
    return True


program, names = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(networks)
with tempfile.TemporaryDirectory() as folder:
    failed = [name for name in names if not check(program, name, folder)]
sys.exit('failed: ' + ' '.join(failed) if failed else 0)
