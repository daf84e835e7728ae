#!/usr/bin/python3
"""Writes layers.json: outputs and gradients of single layers, by PyTorch.

Numbers come from one formula that tests/test_layers_golden.c knows too: value(k) = (k * 7919 % 1009) / 1009 - 0.5. Input i begins at
k = 1000 i and spans 4, weight j at 5000 + 1000 j (trained: spans 1; a running mean too; a running variance is value + 1), dy at 9000 and spans 2.
Usage: make_layers.py FOLDER
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
B = 2


def values(first, shape, scale, shift=0.0):
    n = int(torch.tensor(shape).prod())
    return torch.tensor([((k * 7919 % 1009) / 1009 - 0.5) * scale + shift for k in range(first, first + n)]).reshape(shape)


class Same(nn.Module):
    """TensorFlow's SAME: pad by hand."""

    def __init__(self, kernel, stride, dilation):
        super().__init__()
        self.kernel, self.stride, self.dilation = kernel, stride, dilation
        self.conv = nn.Conv2d(4, 3, kernel, stride, 0, dilation)

    def forward(self, x):
        pads = []
        for size in (x.shape[3], x.shape[2]):
            total = max((-(-size // self.stride) - 1) * self.stride + self.dilation * (self.kernel - 1) + 1 - size, 0)
            pads += [total // 2, total - total // 2]
        return self.conv(F.pad(x, pads))


class ChannelNorm(nn.Module):
    """Layer normalization over the channels of each position."""

    def __init__(self, c):
        super().__init__()
        self.norm = nn.LayerNorm(c)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Of(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, *x):
        return self.f(*x)


conv = lambda *a, **k: nn.Conv2d(4, *a, **k)
one = [[4, 5, 6]]
cases = [
    ('conv', '{out: 3, kernel: 3, stride: 2, padding: 1, bias: yes}', conv(3, 3, 2, 1), one),
    ('conv', '{out: 6, kernel: 2, groups: 2, dilation: 2}', conv(6, 2, dilation=2, groups=2, bias=False), one),
    ('conv', '{out: 8, kernel: 3, padding: 2, groups: 4, bias: yes}', conv(8, 3, padding=2, groups=4), one),
    ('conv', '{out: 3, kernel: 3, padding: 2, padding_mode: reflect, bias: yes}', conv(3, 3, padding=2, padding_mode='reflect'), one),
    ('conv', '{out: 3, kernel: 3, padding: 1, padding_mode: replicate, bias: yes}', conv(3, 3, padding=1, padding_mode='replicate'), one),
    ('conv', '{out: 4, kernel: 3, padding: 2, padding_mode: circular, groups: 4, bias: yes}',
     conv(4, 3, padding=2, padding_mode='circular', groups=4), one),
    ('conv', '{out: 3, kernel: 3, stride: 2, padding_mode: same, bias: yes}', Same(3, 2, 1), one),
    ('conv', '{out: 3, kernel: 4, padding_mode: same, bias: yes}', Same(4, 1, 1), one),
    ('linear', '{out: 3}', nn.Sequential(nn.Flatten(), nn.Linear(120, 3)), one),
    ('maxpool', '{kernel: 3, stride: 2, padding: 1}', nn.MaxPool2d(3, 2, 1), one),
    ('maxpool', '{kernel: 3, stride: 2, ceil_mode: yes}', nn.MaxPool2d(3, 2, 0, ceil_mode=True), one),
    ('maxpool', '{kernel: 2, stride: 3, ceil_mode: yes, padding: 1}', nn.MaxPool2d(2, 3, 1, ceil_mode=True), one),
    ('avgpool', '{kernel: 3, stride: 2, padding: 1}', nn.AvgPool2d(3, 2, 1), one),
    ('avgpool', '{kernel: 3, stride: 2, padding: 1, ceil_mode: yes}', nn.AvgPool2d(3, 2, 1, ceil_mode=True), one),
    ('global_avgpool', '{}', nn.AdaptiveAvgPool2d(1), one),
    ('adaptive_avgpool', '{h: 3, w: 4}', nn.AdaptiveAvgPool2d((3, 4)), one),
    ('adaptive_avgpool', '{h: 7}', nn.AdaptiveAvgPool2d(7), one),
    ('adaptive_maxpool', '{h: 3, w: 4}', nn.AdaptiveMaxPool2d((3, 4)), one),
    ('flatten', '{}', nn.Flatten(), one),
    ('concat', '{}', Of(lambda a, b: torch.cat([a, b], 1)), [[4, 2, 3], [1, 2, 3]]),
    ('add', '{}', Of(lambda a, b, c: a + b + c), [[4, 2, 3], [4, 2, 3], [4, 2, 3]]),
    ('multiply', '{}', Of(lambda a, b: a * b), [[4, 2, 3], [4, 1, 1]]),
    ('batchnorm', '{}', nn.BatchNorm2d(4), one),
    ('layernorm', '{}', nn.LayerNorm([4, 5, 6]), one),
    ('layernorm', '{over: channels, eps: 1e-6}', (lambda m: (setattr(m.norm, 'eps', 1e-6), m)[1])(ChannelNorm(4)), one),
    ('groupnorm', '{groups: 2}', nn.GroupNorm(2, 4), one),
    ('relu', '{}', nn.ReLU(), one),
    ('relu6', '{}', Of(lambda x: F.relu6(x)), one),
    ('leaky_relu', '{}', nn.LeakyReLU(), one),
    ('prelu', '{}', nn.PReLU(4), one),
    ('elu', '{alpha: 0.5}', nn.ELU(0.5), one),
    ('selu', '{}', nn.SELU(), one),
    ('gelu', '{}', nn.GELU(), one),
    ('gelu', '{approximate: tanh}', nn.GELU(approximate='tanh'), one),
    ('silu', '{}', nn.SiLU(), one),
    ('sigmoid', '{}', nn.Sigmoid(), one),
    ('tanh', '{}', nn.Tanh(), one),
    ('hardswish', '{}', nn.Hardswish(), one),
    ('hardsigmoid', '{}', nn.Hardsigmoid(), one),
    ('maxout', '{pieces: 2}', Of(lambda x: x.reshape(B, 2, 2, 5, 6).max(2).values), one),
    ('dropout', '{p: 0}', nn.Dropout(0), one),
]


def numbers(t):
    return [round(v, 6) for v in t.detach().flatten().tolist()]


result = []
for kind, text, module, inputs in cases:
    x = [values(1000 * i, [B] + shape, 4).requires_grad_() for i, shape in enumerate(inputs)]
    trained = list(module.parameters())
    with torch.no_grad():
        for j, p in enumerate(trained):
            p.copy_(values(5000 + 1000 * j, list(p.shape), 1))
        for j, (name, p) in enumerate((n, p) for n, p in module.named_buffers() if 'running' in n):
            p.copy_(values(5000 + 1000 * (len(trained) + j), list(p.shape), 1, 1.0 if 'var' in name else 0.0))
    y = module(*x)
    y.backward(values(9000, list(y.shape), 2))
    result.append({
        'kind': kind, 'values': text, 'in': inputs, 'y': numbers(y), 'dx': [numbers(v.grad) for v in x],
        'dw': [numbers(p.grad) for p in trained],
        'running': [numbers(p) for n, p in module.named_buffers() if 'running' in n],
    })
with open(sys.argv[1] + '/layers.json', 'w') as file:
    json.dump(result, file)
    file.write('\n')
