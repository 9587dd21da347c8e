"""Losses that are right about padding, masks, missing labels and averages: their contract.

`seqwise.losses.numpy` is the reference; `.torch`, `.jax` and `.keras` are the ones to train with. Names,
signatures and meaning are the same everywhere; the import line chooses the framework, and nothing is
guessed from the type of an array. Arrays are positional, options are keywords; an option that does not
exist is an error that suggests the one that was meant. Losses are in nats, and lower is better.

Shapes
------
A *position* is what one label belongs to. Labels have one value for each position; `cross_entropy` has
logits with one more axis, the classes.

| problem                              | logits         | labels      | loss                   |
|--------------------------------------|----------------|-------------|------------------------|
| one label per sequence               | (B, C)         | (B,)        | `cross_entropy`        |
| one label per step                   | (B, T, C)      | (B, T)      | `cross_entropy`        |
| ordered classes, such as -1 < 0 < 1  | as above       | as above    | `ordinal_loss`         |
| many easy labels, few hard ones      | as above       | as above    | `focal_loss`           |
| one label per step, as a sequence    | (B, T, C)      | (B, T)      | `crf_nll`              |
| K outputs of C classes               | (B, K, C)      | (B, K)      | `cross_entropy`        |
| K outputs of C classes per step      | (B, T, K, C)   | (B, T, K)   | `cross_entropy`        |
| any of L labels, per step too        | (B[, T], L)    | (B[, T], L) | `binary_cross_entropy` |

Classes are last unless `class_axis` says otherwise: `class_axis=1` takes torch's layout (B, C, ...), and
labels stay as they are. When two sizes are equal (T = C) nothing is guessed: `class_axis` alone decides.

`linear_cross_entropy` takes what the logits are made from: hidden (..., D) and weight (C, D), which give
logits (..., C), or one weight for each output, (K, C, D), which give (..., K, C).

Labels of `cross_entropy`, `focal_loss` and `ordinal_loss` are class indices 0..C-1 (any integer type, the shape
of the positions), or one-hot or soft labels (floats, the shape of the logits, at least 0 and with sum 1 over the
classes). Both give the same number under every combination of options. Floats in the shape of class indices are
refused.
Labels of `binary_cross_entropy` are booleans, integers 0 and 1, or floats from 0 to 1.

Formulas
--------
With z the logits, q the labels as class probabilities (one-hot when they are indices), e the label
smoothing, w the class weights and s the sample weights, the loss of a position is

    loss   = - s * sum_c w[c] * ((1 - e) * q[c] + e / C) * log softmax(z)[c]
    weight = s * sum_c w[c] * q[c]

`focal_loss` and `ordinal_loss` put another cost of each class in the place of log softmax(z)[c], and are the
same in all else. With P = softmax(z) and F[k] = P[0] + ... + P[k],

    focal_loss     (1 - P[c])^gamma * log P[c]
    ordinal_loss   sum over k < c of log(1 - F[k])  +  sum over c <= k < C - 1 of log F[k]

so that gamma = 0, and two ordered classes, are `cross_entropy`. Ordinal loss is the cross-entropy of the
answers to the C - 1 questions "is the label at most k?"; it is least for the median of the predicted
classes, and each step away from it costs more than the one before.

For yes-or-no labels, with p the positive weight,

    loss   = - s * (p * q' * log sigmoid(z) + (1 - q') * log sigmoid(-z))   where q' = (1 - e) * q + e / 2
    weight = s

Smoothing spreads e evenly over all classes, the right one included (e / C each; with e / (C - 1)
elsewhere, e' = e * C / (C - 1) gives the same). A factor of exactly 0 gives exactly 0, even times an
infinite logarithm.

What counts
-----------
`mask` (True = counts), `lengths` (the first n steps of axis 1 of the labels count) and `ignore_index`
(labels of this value do not count; only if given, there is no hidden -100) hold together: a position
counts when all allow it. Positions that do not count are removed by selection: their logits, labels and sample weights
may be NaN, infinite or out of range, and give a loss and a gradient of exactly 0.

`mask` and `sample_weight` have the shape of the positions, or the first axes of it; missing axes are the
last ones, and an axis of size 1 serves the whole axis. A weight for each output is therefore (1, K).
`ignore_index` is compared with the labels as they arrive, before `label_values` maps them. A one-hot
label is ignored when it is the one-hot form of `ignore_index`: that column is 1, or, for an index that is
no class, all columns are 0.

`label_values=(-1, 0, 1)` says which label each class has; labels are looked up in it.

Averages
--------
| reduction       | result                                                                                |
|-----------------|---------------------------------------------------------------------------------------|
| `none`          | the weighted loss of every position, 0 where it does not count                        |
| `sum`           | their sum                                                                             |
| `mean`          | the sum / the sum of the weights of the positions that count                          |
| `sequence_mean` | each sequence's own mean, averaged over the sequences in which something counts       |
| `batch_mean`    | the sum / the number of sequences in which something counts                           |
| `per_output`    | the mean of each output on the last axis of the labels, an array (K,)                 |

`denominator` replaces the divisor of any of the means: one number for all micro-batches, or one per output.
Over ranks that average their gradients, as DistributedDataParallel does, it is the count over all ranks
divided by their number: `all_reduce_denominator` of the torch losses gives that. `loss_sum(loss, logits,
labels, ...)` gives the pair (sum, count) that `mean` divides, as a `LossSum` that adds with + and has a
`mean()`. When the divisor is 0, because nothing counts, the loss is 0, its gradient is 0, and it stays
attached to the graph. Positive weights of yes-or-no labels do not enter the divisor.

Tags that depend on each other
------------------------------
`crf_nll`, `crf_decode` and `crf_marginals` are a linear-chain conditional random field (Lafferty, McCallum and Pereira
2001). A path y gives one class to each step that counts, y_1 ... y_n, and scores

    score(y) = start[y_1] + sum_t emissions[t, y_t] + sum_t transitions[y_(t-1), y_t] + end[y_n]

with `emissions` (B, T, C) from a model, and `transitions` (C, C) from class (row) to class (column), `start` (C,) and
`end` (C,) the same for all sequences; `start` and `end` are 0 when not given. Tags (B, T) are class indices.

    crf_nll        log sum_y exp(score(y)) - score(tags): the loss of a sequence, never negative
    crf_marginals  (B, T, C), the probability that a path goes through a class at a step: the gradient of the log sum by
                   the emissions; 0 where a step does not count
    crf_decode     the path that scores highest, `fill` (-1) where a step does not count, and its score; of equal paths
                   the one whose last class is lowest, then the one whose class before it is lowest, and so on

Without transitions the loss of a sequence is the sum of the cross-entropies of its steps. pytorch-crf and TF-Addons
give the log-likelihood, which is this loss with the other sign.

A step counts by `mask` and `lengths`. One that does not count is left out: the step after it follows the one before
it, `start` belongs to the first step that counts, `end` to the last, and holes in a mask give what the sequence
without those steps gives. A sequence in which nothing counts costs 0.

`allowed` are the transitions that are possible, (C, C) booleans, or also the classes that may start and end a
sequence, as `allowed_transitions(labels)` gives them for IOB and IOBES labels. No path takes a forbidden transition:
its gradient is exactly 0, and decoding never takes it. Tags that take one raise `ValuesError` where values are checked;
elsewhere they, and tags that are no class, cost infinity and have no gradient. So does, everywhere, a tag whose
emission is -inf.

| reduction       | result for a CRF                                                               |
|-----------------|--------------------------------------------------------------------------------|
| `none`          | the loss of every sequence, (B,)                                               |
| `sum`           | their sum                                                                      |
| `mean`          | the sum / the number of steps that count: a loss per token                     |
| `sequence_mean` | each sequence's loss / its steps, averaged over the sequences that have steps  |
| `batch_mean`    | the sum / the number of sequences that have steps                              |

Numbers
-------
NumPy computes in float64. Other frameworks compute losses, sums and counts in float32, or in float64 for
float64 logits; logits in half precision give a float32 loss. A logit of -inf rules a class out and is
fine unless that class is the label, which gives an infinite loss; in `ordinal_loss` unless no class at all is
left on one side of a question.

`from_logits=False` takes probabilities. A probability below `PROBABILITY_FLOOR` counts as the floor, so
that a label of probability 0 costs 126 log 2 = 87.34 nats in every framework, and has no gradient; larger
probabilities are not touched. Logits are the better choice for training.

Values are checked always in NumPy, and in other frameworks for arrays on the CPU outside of traces:
labels, weights and probabilities out of range raise `ValuesError` naming position and value, and logits
that look like probabilities give a `SoftmaxTwiceWarning`. NumPy refuses NaN logits too; other frameworks
let them through to a NaN loss, where anomaly detection and gradient scaling look for them. On a GPU and
inside a trace nothing is looked at; a class index out of range then gives a NaN loss, in torch an error of
its own.
"""

from __future__ import annotations

from seqwise.losses._array_formulas import PROBABILITY_FLOOR

__all__ = ["PROBABILITY_FLOOR"]
