"""Losses that are right about padding, masks, missing labels and averages: their contract.

`seqwise.losses.numpy` is the reference, `seqwise.losses.torch` the one to train with. Names, signatures
and meaning are the same everywhere; the import line chooses the framework, and nothing is guessed from
the type of an array. Arrays are positional, options are keywords. Losses are in nats, and lower is
better.

Shapes
------
A *position* is what one label belongs to. Labels have one value for each position; `cross_entropy` has
logits with one more axis, the classes.

| problem                              | logits         | labels      | loss                   |
|--------------------------------------|----------------|-------------|------------------------|
| one label per sequence               | (B, C)         | (B,)        | `cross_entropy`        |
| one label per step                   | (B, T, C)      | (B, T)      | `cross_entropy`        |
| K outputs of C classes               | (B, K, C)      | (B, K)      | `cross_entropy`        |
| K outputs of C classes per step      | (B, T, K, C)   | (B, T, K)   | `cross_entropy`        |
| any of L labels, per step too        | (B[, T], L)    | (B[, T], L) | `binary_cross_entropy` |

Classes are last unless `class_axis` says otherwise: `class_axis=1` takes torch's layout (B, C, ...), and
labels stay as they are. When two sizes are equal (T = C) nothing is guessed: `class_axis` alone decides.

Labels of `cross_entropy` are class indices 0..C-1 (any integer type, the shape of the positions), or
one-hot or soft labels (floats, the shape of the logits, at least 0 and with sum 1 over the classes). Both
give the same number under every combination of options. Floats in the shape of class indices are refused.
Labels of `binary_cross_entropy` are booleans, integers 0 and 1, or floats from 0 to 1.

Formulas
--------
With z the logits, q the labels as shares of classes (one-hot when they are indices), e the label
smoothing, w the class weights and s the sample weights, the loss of a position is

    loss   = - s * sum_c w[c] * ((1 - e) * q[c] + e / C) * log softmax(z)[c]
    weight = s * sum_c w[c] * q[c]

and for yes-or-no labels, with p the positive weight,

    loss   = - s * (p * q' * log sigmoid(z) + (1 - q') * log sigmoid(-z))   where q' = (1 - e) * q + e / 2
    weight = s

Smoothing spreads e evenly over all classes, the right one included (e / C each; with e / (C - 1)
elsewhere, e' = e * C / (C - 1) gives the same). A factor of exactly 0 gives exactly 0, even times an
infinite logarithm.

What counts
-----------
`mask` (True = counts), `lengths` (the first n steps of axis 1 of the labels count) and `ignore_index`
(labels of this value do not count; only if given, there is no hidden -100) hold together: a position
counts when all allow it. What does not count is selected away: logits, labels and sample weights there
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
| `mean`          | the sum / the sum of the weights of what counts                                       |
| `sequence_mean` | each sequence's own mean, averaged over the sequences in which something counts       |
| `batch_mean`    | the sum / the number of sequences in which something counts                           |
| `per_output`    | the mean of each output on the last axis of the labels, an array (K,)                 |

`denominator` replaces the divisor of any of the means: one number for all micro-batches and ranks, or one
per output. `loss_sum(loss, logits, labels, ...)` gives the pair (sum, count) that `mean` divides, as a
`LossSum` that adds with + and has a `mean()`. When the divisor is 0, because nothing counts, the loss is
0, its gradient is 0, and it stays attached to the graph. Positive weights of yes-or-no labels do not
enter the divisor.

Numbers
-------
NumPy computes in float64. Other frameworks compute losses, sums and counts in float32, or in float64 for
float64 logits; logits in half precision give a float32 loss. A logit of -inf rules a class out and is
fine unless that class is the label, which gives an infinite loss.

`from_logits=False` takes probabilities. A probability below `PROBABILITY_FLOOR` counts as the floor, so
that a label of probability 0 costs 126 log 2 = 87.34 nats in every framework, and has no gradient; larger
probabilities are not touched. Logits are the better choice for training.

Values are checked always in NumPy, and in other frameworks for arrays on the CPU outside of traces:
labels, weights and probabilities out of range raise `ValuesError` naming position and value, and logits
that look like probabilities give a `SoftmaxTwiceWarning`. NumPy refuses NaN logits too; other frameworks
let them through to a NaN loss, where anomaly detection and gradient scaling look for them. On a GPU and
inside a trace nothing is looked at.
"""

from __future__ import annotations

from seqwise.losses._formulas import PROBABILITY_FLOOR

__all__ = ["PROBABILITY_FLOOR"]
