"""One module per rule of the workflow: a function from arrays to arrays, and a ``main`` that reads and writes.

In their order: render, faces, anchor, art, occlude, augment, flow, pack, then weights and train, or describe and svm,
then score, table, summary, ranking and compare, and of region weights visible, attention and faithfulness. None imports
another; what two of them share lies in the folder of its question.
"""
