#!/usr/bin/python3
"""Writes schedules.json: the learning rates of torch.optim.lr_scheduler, step by step; of plateau the factor after each
validation. Usage: make_schedules.py FOLDER
"""
import json
import math
import sys

import torch
from torch.optim import lr_scheduler


def rates(make, steps, lr, momentum=False):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=0.9)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        group = optimizer.param_groups[0]
        found.append(group['momentum' if momentum else 'lr'])
        optimizer.step()
        scheduler.step()
    return found


def plateau(losses, gamma, patience, threshold):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=gamma, patience=patience, threshold=threshold)
    found = []
    for loss in losses:
        scheduler.step(loss)
        found.append(optimizer.param_groups[0]['lr'])
    return found


one_cycle = {'max_lr': 0.4, 'total_steps': 40, 'pct_start': 0.25}
losses = [2, 1.5, 1.4999, 1.6, 1.55, 1.7, 1.2, 1.21, 1.19999, 1.2, 1.3, 1.4, 1.5, 1.6, 0.9]
cases = {
    'step': rates(lambda o: lr_scheduler.MultiStepLR(o, [10, 15]), 20, 0.1),
    'exponential': rates(lambda o: lr_scheduler.LambdaLR(o, lambda t: 0.9 ** (t // 5)), 30, 0.1),
    'linear': rates(lambda o: lr_scheduler.LinearLR(o, 1, 0.1, 20), 20, 0.1),
    'cosine': rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 20, 0.01), 20, 0.1),
    'cosine_restarts': rates(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 2, 0.01), 35, 0.1),
    'warm_inverse_sqrt': rates(lambda o: lr_scheduler.LambdaLR(o, lambda t: min((t + 1) ** -0.5, (t + 1) * 8 ** -1.5) * 8 ** 0.5), 40, 0.1),
    'one_cycle': rates(lambda o: lr_scheduler.OneCycleLR(o, **one_cycle), 40, 0.1),
    'one_cycle_momentum': rates(lambda o: lr_scheduler.OneCycleLR(o, **one_cycle), 40, 0.1, momentum=True),
    'plateau': plateau(losses, 0.5, 2, 1e-3),
    'plateau_losses': losses,
}
assert all(math.isfinite(v) for values in cases.values() for v in values)
with open(sys.argv[1] + '/schedules.json', 'w') as file:
    json.dump(cases, file, indent=1)
    file.write('\n')
