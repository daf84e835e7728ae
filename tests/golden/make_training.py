#!/usr/bin/python3
"""Writes training.json: losses, gradients and weights of a small residual network over four steps of SGD, by PyTorch.

Values come from one formula that tests/test_training.c knows too: value(k) = (k * 7919 % 1009) / 1009 - 0.5.
Usage: make_training.py FOLDER
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


def values(first, count, scale):
    return torch.tensor([((k * 7919 % 1009) / 1009 - 0.5) * scale for k in range(first, first + count)])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.linear = nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        short = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4))
        x = F.relu(self.bn2(self.conv2(x)) + short)
        return self.linear(x.mean((2, 3)))


def run(nesterov, smoothing, mixing):
    net = Net()
    first = 0
    for name, p in net.named_parameters():
        if 'bn' not in name:
            p.data = values(first, p.numel(), 0.8).reshape(p.shape)
        first += p.numel()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=nesterov)
    result = {'nesterov': nesterov, 'label_smoothing': smoothing, 'mixing': mixing, 'loss': [], 'correct': [], 'gradient_norm': []}
    for step in range(4):
        x = values(step * 12 * 3 * 9 * 9, 12 * 3 * 9 * 9, 4).reshape(12, 3, 9, 9)
        label = torch.tensor([(i * 3 + step) % 5 for i in range(12)])
        target = F.one_hot(label, 5).float()
        if mixing:
            partner = target[[i ^ 1 for i in range(12)]]
            target = 0.7 * target + 0.3 * partner
        target = (1 - smoothing) * target + smoothing / 5
        logits = net(x)
        loss = -(target * F.log_softmax(logits, 1)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        result['loss'].append(round(loss.item(), 7))
        result['correct'].append(int((logits.argmax(1) == label).sum()))
        result['gradient_norm'].append({n: round(p.grad.double().norm().item(), 7) for n, p in net.named_parameters()})
        optimizer.step()
    result['weights'] = {n: [round(v, 6) for v in t.flatten()[:6].tolist()] for n, t in net.state_dict().items()
                         if 'num_batches' not in n}
    return result


cases = [run(False, 0.0, False), run(True, 0.0, False), run(True, 0.1, True)]
with open(sys.argv[1] + '/training.json', 'w') as file:
    json.dump(cases, file, indent=1)
    file.write('\n')
