#!/usr/bin/python3
"""board_runs.py FOLDER CONFIG RUNS POINTS - a folder of runs as nntrain leaves them, from one run's config.json: settings
drawn at random, curves that fit them. Logs are a few files with many names, so that ten million lines cost no disk."""
import copy
import json
import math
import os
import random
import sys

folder, config, runs, points = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
EPOCHS, LOGS = 20, 20
draw = random.Random(1)
with open(config) as file:
    base = json.load(file)
base["train"]["epochs"] = EPOCHS


def loss_at(epoch, floor, pace):
    return floor + (2.3 - floor) * math.exp(-epoch / pace)


def write_log(path, floor, pace):
    with open(path, "w") as file:
        for i in range(1, points + 1):
            epoch = EPOCHS * i / points
            loss = loss_at(epoch, floor, pace) * draw.gauss(1, 0.1)
            rate = 0.05 * (1 + math.cos(math.pi * epoch / EPOCHS))
            file.write('{"step":%d,"epoch":%.17g,"loss":%.17g,"lr":%.17g,"images_per_second":%.17g}\n'
                       % (10 * i, epoch, loss, rate, draw.uniform(900, 1100)))
        file.write('{"ended":"done","step":%d}\n' % (10 * points))


def write_table(path, floor, pace):
    with open(path, "w") as file:
        file.write("epoch,train_loss,train_top1,eval_loss,eval_top1,eval_top5,lr,seconds,images_per_second\n")
        for epoch in range(1, EPOCHS + 1):
            loss = loss_at(epoch, floor, pace)
            top1 = 100 * math.exp(-loss) * draw.uniform(0.97, 1)
            file.write("%d,%.6f,%.3f,%.6f,%.3f,%.3f,%.9f,%.2f,%.1f\n"
                       % (epoch, loss, min(100, top1 + 3), loss + 0.1, top1, min(100, top1 + 20), 0.05, 20, 1000))


kinds = []
for k in range(min(LOGS, runs)):
    log = os.path.join(folder, "log%d" % k)
    kinds.append((log, draw.uniform(0.1, 1), draw.uniform(1, 5)))
    os.makedirs(folder, exist_ok=True)
    write_log(*kinds[-1])
for i in range(runs):
    run = os.path.join(folder, "%04d" % i)
    os.mkdir(run)
    log, floor, pace = kinds[i % len(kinds)]
    os.link(log, os.path.join(run, "log.jsonl"))
    write_table(os.path.join(run, "summary.csv"), floor, pace)
    own = copy.deepcopy(base)
    own["train"]["lr"] = 10 ** draw.uniform(-4, 0)
    own["train"]["weight_decay"] = draw.choice([0, 1e-5, 1e-4])
    own["train"]["seed"] = i
    with open(os.path.join(run, "config.json"), "w") as file:
        json.dump(own, file, indent=2)
for log, _, _ in kinds:
    os.unlink(log)
