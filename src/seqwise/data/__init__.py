"""Data pipeline from files to sequences to batches, in NumPy and Arrow.

readers     file -> records                 detect, profile   columns -> input and targets
cells       record -> sequence and labels   lists             lists written as text in one cell
store       records -> encoded rows         spelling          labels that look alike
labels      stored labels -> class indices  encoding          encoders of the input: the protocol of
split       rows -> train, dev, test                          vocabulary, channel_scaling and subwords
batching    rows -> padded batches of similar length
"""
