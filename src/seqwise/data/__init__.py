"""File -> sequences -> batches, in NumPy and Arrow.

readers     file -> records                 detect, profile   columns -> input and targets
cells       record -> sequence and labels   lists             lists written out in one cell
store       records -> encoded rows         spelling          labels that are easily taken for each other
labels      stored labels -> class indices  encoding          what a model knows of its input: the protocol of
split       rows -> train, dev, test                          vocabulary, channel_scaling and subwords
batching    rows -> padded batches of like length
"""
