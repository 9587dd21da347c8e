"""File -> sequences -> batches, in NumPy and Arrow.

readers     file -> records                 detect, profile   columns -> input and targets
cells       record -> sequence and labels   store             records -> encoded rows, read in any order
labels      stored labels -> class indices  vocabulary        symbols -> numbers; scaling of channels
split       rows -> train, dev, test        batching          rows -> padded batches of like length
"""
