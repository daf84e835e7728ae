#!/usr/bin/python3
"""Writes metrics.json, metrics_probs.npy and metrics_label.npy: metrics, tests, intervals and fits of three predictors by scikit-learn, SciPy
and, where these have no such number, by the definition written out in NumPy (torchmetrics' binned calibration error with closed ends,
Northcutt's confident joint).

Probabilities are whole numbers divided by their sum, the same bits on every machine. Usage: make_metrics.py FOLDER
"""
import json
import sys
import warnings

import numpy as np
from scipy import optimize, stats
from sklearn import metrics as sk

warnings.filterwarnings('ignore')
N, K, P, BINS = 500, 7, 3, 15
rng = np.random.RandomState(0)
label = rng.randint(0, K, N)
label[rng.rand(N) < 0.3] = 2  # classes of unequal size
probs = []
for p in range(P):
    weight = rng.randint(1, 60, (N, K)).astype(np.int64) ** 3
    weight[np.arange(N), label] += (rng.randint(0, 70 + 10 * p, N)).astype(np.int64) ** 3
    weight[:, p] += 20000  # a class that this predictor prefers
    probs.append((weight / weight.sum(1, keepdims=True)).astype(np.float32))
probs = np.stack(probs)
probs[0, 0] = np.eye(K)[label[0]]            # confidence 1.0, right
probs[0, 1] = np.eye(K)[(label[1] + 1) % K]  # confidence 1.0, wrong
probs[0, 2:6] = 1 / K                        # ties
wide = probs.astype(np.float64)
onehot = np.eye(K)[label]


def ece(confidence, hit, weight=None):
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return sum(abs((confidence - hit)[bins == b].sum()) for b in range(BINS)) / len(confidence)


def ece_mass(confidence, hit):
    order = np.lexsort((-np.arange(len(confidence)), confidence))  # of equal ones the later sample is less sure
    n = len(order)
    return sum(abs((confidence - hit)[order[b * n // BINS:(b + 1) * n // BINS]].sum()) for b in range(BINS)) / n


def aurc(confidence, hit):
    levels = [(confidence >= c) for c in confidence]
    return float(np.mean([1 - hit[at].mean() for at in levels]))


def nll(p):
    return -np.log(np.maximum(p[np.arange(N), label], 1e-12))


def scaled(p, t):
    z = np.log(np.maximum(p, 1e-12)) / t
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def suspects(p):
    threshold = np.array([p[label == c, c].mean() for c in range(K)])
    claimed = np.where(p >= threshold, p, -1)
    best = claimed.argmax(1)
    at = np.flatnonzero((claimed.max(1) >= 0) & (best != label))
    at = at[np.lexsort((at, p[at, label[at]]))]
    return {'found': len(at), 'row': at[:20].tolist(), 'suggested': best[at[:20]].tolist()}


def one(p):
    predicted = p.argmax(1)
    hit = (predicted == label).astype(float)
    confidence = p.max(1)
    macro = sk.precision_recall_fscore_support(label, predicted, average='macro', zero_division=0)
    each = sk.precision_recall_fscore_support(label, predicted, labels=range(K), zero_division=0)
    best = optimize.minimize_scalar(lambda b: nll(scaled(p, 1 / b)).mean(), bounds=(0.05, 20), method='bounded',
                                    options={'xatol': 1e-10})
    classes = [ece(p[:, c], onehot[:, c]) for c in range(K)]
    wilson = stats.binomtest(int(hit.sum()), N).proportion_ci(0.95, method='wilson')
    return {
        'correct': int(hit.sum()), 'wilson': [wilson.low, wilson.high],
        'top3': int(sk.top_k_accuracy_score(label, p - np.arange(K) * 1e-12, k=3, normalize=False)),
        'nll': float(nll(p).mean()), 'log_loss': sk.log_loss(label, p, labels=range(K), eps=1e-12, normalize=True),
        'brier': float(((p - onehot) ** 2).sum(1).mean()),
        'ece': float(ece(confidence, hit)), 'ece_mass': float(ece_mass(confidence, hit)),
        'class_ece': [float(c) for c in classes], 'aurc': aurc(confidence, hit),
        'macro': [float(v) for v in macro[:3]], 'precision': each[0].tolist(), 'recall': each[1].tolist(), 'f1': each[2].tolist(),
        'confusion': sk.confusion_matrix(label, predicted, labels=range(K)).tolist(),
        'temperature': 1 / best.x, 'scaled_nll': float(best.fun), 'suspects': suspects(p),
    }


def weights():
    """Stacked least squares, and the mixture of the largest likelihood."""
    a = wide.reshape(P, -1).T
    least, _ = optimize.nnls(a, onehot.ravel())
    own = wide[:, np.arange(N), label]
    best = optimize.minimize(lambda w: -np.log(w @ own).mean(), np.full(P, 1 / P), bounds=[(0, 1)] * P,
                             constraints={'type': 'eq', 'fun': lambda w: w.sum() - 1}, method='SLSQP', options={'ftol': 1e-14, 'maxiter': 1000})
    return {'nnls': least.tolist(), 'likelihood': best.x.tolist(), 'likelihood_nll': float(best.fun)}


def greedy(steps):
    """Caruana's selection by NLL, written out."""
    own = np.maximum(wide[:, np.arange(N), label], 1e-12)
    total, chosen, scores = np.zeros(N), [], []
    for step in range(steps):
        each = [-np.log((total + own[m]) / (step + 1)).mean() for m in range(P)]
        chosen.append(int(np.argmin(each)))
        scores.append(float(min(each)))
        total += own[chosen[-1]]
    return {'step': chosen, 'nll': scores}


def bca():
    """SciPy's interval from a sample and its own replicates."""
    x = rng.randint(0, 1000, 60) ** 2 / 1e6
    cases = []
    for name, statistic in (('mean', np.mean), ('variance', np.var)):
        result = stats.bootstrap((x,), statistic, n_resamples=400, method='BCa', vectorized=False, random_state=1)
        without = [float(statistic(np.delete(x, i))) for i in range(len(x))]
        cases.append({'statistic': name, 'value': float(statistic(x)), 'without': without,
                      'replicates': result.bootstrap_distribution.tolist(),
                      'interval': [result.confidence_interval.low, result.confidence_interval.high]})
    return {'x': x.tolist(), 'cases': cases}


def logprob(p):
    mean = np.log(np.maximum(p, 1e-12)).mean(0)
    e = np.exp(mean - mean.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


votes = wide.argmax(2)
voted = np.array([np.bincount(votes[:, i], minlength=K).argmax() for i in range(N)])
mean = wide.mean(0)
answers = {'prob': mean.argmax(1), 'logprob': logprob(wide).argmax(1), 'vote': voted}
hits = (wide.argmax(2) == label)
pairs = []
for a in range(P):
    for b in range(a + 1, P):
        only_a, only_b = int((hits[a] & ~hits[b]).sum()), int((~hits[a] & hits[b]).sum())
        pairs.append({'only': [only_a, only_b], 'p': stats.binomtest(only_a, only_a + only_b).pvalue,
                      'disagreement': float((votes[a] != votes[b]).mean()), 'correlation': stats.pearsonr(~hits[a] * 1.0, ~hits[b] * 1.0)[0]})
mcnemar = [[a, b, stats.binomtest(a, a + b).pvalue] for a, b in ((0, 1), (1, 0), (0, 6), (5, 5), (3, 12), (40, 61), (400, 520), (9000, 9001), (9000, 9700))]
at = [-8, -3.1, -1, -0.1, 0, 0.4, 2, 6.5]
shares = [1e-12, 1e-5, 0.01, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9999999]
out = {
    'predictors': [one(p) for p in wide], 'weights': weights(), 'greedy': greedy(12), 'bca': bca(),
    'ensembles': {name: int((answer == label).sum()) for name, answer in answers.items()},
    'mean_nll': float(nll(mean).mean()), 'logprob_nll': float(nll(logprob(wide)).mean()),
    'pairs': pairs, 'mcnemar': mcnemar,
    'normal': {'x': at, 'cdf': stats.norm.cdf(at).tolist(), 'p': shares, 'quantile': stats.norm.ppf(shares).tolist()},
}
folder = sys.argv[1]
np.save(folder + '/metrics_probs.npy', probs)
np.save(folder + '/metrics_label.npy', label.astype(np.int64))
with open(folder + '/metrics.json', 'w') as file:
    json.dump(out, file, indent=1)
    file.write('\n')
