"""File -> sequences -> batches, in NumPy and Arrow.

readers     file -> records                 detect, profile   columns -> input and targets
cells       record -> sequence and labels   lists             lists written out in one cell
store       records -> encoded rows         spelling          labels that are easily taken for each other
labels      stored labels -> class indices  vocabulary        symbols -> numbers; scaling of channels
split       rows -> train, dev, test        batching          rows -> padded batches of like length
"""
