#!/usr/bin/python3
"""Writes optimizers.json: the weights of a linear layer (4 in, 3 out) after six steps of each rule of torch.optim, with
gradients given by a formula, and the gradient's length before it was clipped.

LARS is not in torch.optim: it is written here from the paper's formula, with the ratio before the momentum.
Gradients and weights come from one formula that tests/test_optimizer.c knows too: value(k) = (k * 7919 % 1009) / 1009 - 0.5.
Usage: make_optimizers.py FOLDER
"""
import json
import sys

import torch

STEPS, INPUTS, OUTPUTS = 6, 4, 3
COUNT = INPUTS * OUTPUTS + OUTPUTS


def values(first, count, scale):
    return torch.tensor([((k * 7919 % 1009) / 1009 - 0.5) * scale for k in range(first, first + count)], dtype=torch.float64)


class Lars(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum, weight_decay, trust):
        super().__init__(params, {'lr': lr, 'momentum': momentum, 'weight_decay': weight_decay, 'trust': trust})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group['params']:
                g, decay = w.grad, group['weight_decay']
                ratio = group['trust'] * w.norm() / (g.norm() + decay * w.norm()) if w.dim() > 1 else 1
                v = self.state[w].setdefault('v', torch.zeros_like(w))
                v.mul_(group['momentum']).add_((g + decay * w) * ratio)
                w.sub_(group['lr'] * v)


def run(rule, make, lr, spare=False, clip_norm=0, clip_value=0):
    layer = torch.nn.Linear(INPUTS, OUTPUTS).double()
    parameters = [layer.weight, layer.bias]
    first = 0
    for p in parameters:
        p.data = values(first, p.numel(), 2).reshape(p.shape)
        first += p.numel()
    groups = [{'params': [layer.weight]}, {'params': [layer.bias], **({'weight_decay': 0} if spare else {})}]
    optimizer = make(groups)
    norms = []
    for step in range(STEPS):
        first = 1000 + step * COUNT
        for p in parameters:
            p.grad = values(first, p.numel(), 3).reshape(p.shape)
            first += p.numel()
        if clip_value:
            torch.nn.utils.clip_grad_value_(parameters, clip_value)
        norms.append(round(torch.nn.utils.clip_grad_norm_(parameters, clip_norm).item(), 9) if clip_norm else 0.0)
        optimizer.step()
    return {**rule, 'lr': lr, 'spare_vectors': spare, 'clip_norm': clip_norm, 'clip_value': clip_value, 'norms': norms,
            'weights': [round(v, 9) for p in parameters for v in p.data.flatten().tolist()]}


def case(kind, make, lr, decay=0.0, spare=False, clip_norm=0, clip_value=0, **rule):
    return run({'kind': kind, 'weight_decay': decay, **rule}, lambda groups: make(groups, lr, decay, rule), lr, spare,
               clip_norm, clip_value)


def sgd(groups, lr, decay, rule):
    return torch.optim.SGD(groups, lr=lr, weight_decay=decay, momentum=rule['momentum'], nesterov=rule.get('nesterov', False))


def lars(groups, lr, decay, rule):
    return Lars(groups, lr=lr, weight_decay=decay, momentum=rule['momentum'], trust=rule['trust'])


def adagrad(groups, lr, decay, rule):
    return torch.optim.Adagrad(groups, lr=lr, weight_decay=decay)


def rmsprop(groups, lr, decay, rule):
    return torch.optim.RMSprop(groups, lr=lr, weight_decay=decay, alpha=rule['alpha'], momentum=rule['momentum'])


def adam(groups, lr, decay, rule):
    return torch.optim.Adam(groups, lr=lr, weight_decay=decay, betas=(rule['beta1'], rule['beta2']), eps=rule['eps'])


def adamw(groups, lr, decay, rule):
    return torch.optim.AdamW(groups, lr=lr, weight_decay=decay)


cases = [
    case('sgd', sgd, 0.1, momentum=0.0),
    case('sgd', sgd, 0.1, 0.01, momentum=0.9),
    case('sgd', sgd, 0.1, 0.01, momentum=0.9, nesterov=True),
    case('sgd', sgd, 0.1, 0.01, spare=True, clip_norm=1.5, momentum=0.9),
    case('sgd', sgd, 0.1, clip_value=0.75, momentum=0.9),
    case('lars', lars, 0.5, 0.01, momentum=0.9, trust=0.02),
    case('adagrad', adagrad, 0.1),
    case('adagrad', adagrad, 0.1, 0.05),
    case('rmsprop', rmsprop, 0.01, 0.05, momentum=0.0, alpha=0.99),
    case('rmsprop', rmsprop, 0.01, momentum=0.9, alpha=0.9),
    case('adam', adam, 0.01, beta1=0.9, beta2=0.999, eps=1e-8),
    case('adam', adam, 0.01, 0.1, beta1=0.8, beta2=0.95, eps=1e-3),
    case('adamw', adamw, 0.01, 0.01),
    case('adamw', adamw, 0.01, 0.2, spare=True),
]
with open(sys.argv[1] + '/optimizers.json', 'w') as file:
    json.dump(cases, file, indent=1)
    file.write('\n')
